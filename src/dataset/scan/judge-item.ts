import { type Action, strongest } from "../../contract/actions.ts";
import { SafelightError } from "../../contract/errors.ts";
import type { ScanCaption, ScanItem, ScanProblem } from "../../contract/scan.ts";
import type { FileDigest, InventoryFile, PendingPicture, Remembered, ScanStore } from "../../store/scans/scan-store.ts";
import { digestOf } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { type CaptionText, captionsIn, MOST_CAPTION_BYTES } from "../layouts/caption-file.ts";
import { isClassPicture, type PromptsByFolder, promptsFor } from "../layouts/dataset-info.ts";
import type { DataSetJudge, PictureVerdict } from "./judge.ts";

const ENDINGS: Readonly<Record<string, RegExp>> = {
  "image/png": /\.a?png$/i,
  "image/jpeg": /\.(?:jpe?g|jpe|jfif|jif)$/i,
  "image/webp": /\.webp$/i,
  "image/gif": /\.gif$/i,
  "image/avif": /\.avif$/i,
  "image/tiff": /\.tiff?$/i,
  "image/bmp": /\.(?:bmp|dib)$/i,
};

export interface ItemContext {
  readonly files: Files;
  readonly store: ScanStore;
  readonly judge: DataSetJudge;
  readonly prompts: PromptsByFolder;
  /** Whether a picture without a caption is worth a word. */
  readonly captionsExpected: boolean;
  /** Pixels of the shorter side; 0: any. */
  readonly minSide: number;
}

interface Text extends CaptionText {
  readonly file: string;
}

export interface JudgedItem {
  readonly item: ScanItem;
  /** Undefined where nothing new was learnt. */
  readonly remember: Remembered | undefined;
  /** Of the caption files that were read, but not out of archives. */
  readonly read: readonly FileDigest[];
}

/** Judges one picture and its captions. What is wrong with them becomes part of the item. @throws what is wrong with the place */
export async function judgeItem(
  picture: PendingPicture,
  context: ItemContext,
  signal: AbortSignal,
): Promise<JudgedItem> {
  const problems: ScanProblem[] = [];
  const seen = await lookAt(picture, context, problems, signal);
  const read: FileDigest[] = [];
  const captions = await captionsOf(picture, context, problems, read, signal);
  const { verdict } = seen;
  const { onUnknown } = context.judge;
  const unknown: Action[] = [
    ...(verdict ? [] : [onUnknown.image]),
    ...(problems.some(({ code }) => CAPTION_UNKNOWN.has(code)) ? [onUnknown.prompt] : []),
  ];
  const folder = promptsFor(picture.key, context.prompts);
  const decisions = [...(verdict ? [verdict] : []), ...captions];
  const item: ScanItem = {
    key: picture.key,
    bytes: picture.bytes,
    sha256: seen.digest ?? null,
    media_type: verdict?.mediaType ?? null,
    width: verdict?.width ?? null,
    height: verdict?.height ?? null,
    frames: verdict?.frames ?? null,
    role: folder && isClassPicture(picture.key, folder) ? "class" : "instance",
    action: strongest([...decisions.map(({ action }) => action), ...unknown]),
    judged: unknown.length === 0 && decisions.every(({ reasons }) => reasons.every(({ score }) => score !== null)),
    image_action: verdict?.action ?? null,
    reasons: [...(verdict?.reasons ?? [])],
    scores: verdict?.scores ?? {},
    captions,
    problems,
    pdq: verdict?.pdq ?? null,
    faces: verdict?.faces ?? null,
  };
  return { item, remember: seen.remember, read };
}

const CAPTION_UNKNOWN: ReadonlySet<string> = new Set(["caption_unreadable", "caption_too_long"]);

interface Seen {
  readonly digest?: string;
  readonly verdict?: PictureVerdict;
  readonly remember?: Remembered | undefined;
}

async function lookAt(
  picture: PendingPicture,
  { files, store, judge, minSide }: ItemContext,
  problems: ScanProblem[],
  signal: AbortSignal,
): Promise<Seen> {
  const { labels } = picture;
  const fingerprint = labels === null ? judge.fingerprint : `${judge.fingerprint}+${digestOf(labels)}`;
  let digest = await store.knownDigest(files.uri, picture.key, picture.stamp);
  let verdict = digest === undefined ? undefined : await knownVerdict(store, fingerprint, digest);
  let remember: Remembered | undefined;
  try {
    if (digest === undefined || verdict === undefined) {
      const { bytes, stamp } = await readFileOf(picture, files, judge.limits.pictureBytes, signal);
      digest = digestOf(bytes);
      verdict = (await knownVerdict(store, fingerprint, digest)) ?? (await judge.picture(bytes, labels, signal));
      if (verdict.complete) {
        const entry = { source: files.uri, key: picture.key, stamp, digest, fingerprint };
        remember = { ...entry, verdict: JSON.stringify(verdict) };
      }
    }
  } catch (error) {
    problems.push(problemOf(error));
    return digest === undefined ? {} : { digest };
  }
  const { mediaType, width, height } = verdict;
  if (ENDINGS[mediaType]?.test(picture.key) === false) {
    problems.push({
      code: "wrong_extension",
      detail: `the content is ${mediaType.slice("image/".length).toUpperCase()}`,
    });
  }
  if (Math.min(width, height) < minSide) {
    const detail = `it has ${width} × ${height} pixels; the shorter side must have ${minSide} (min_side)`;
    problems.push({ code: "too_small", detail });
  }
  return { digest, verdict, remember };
}

async function knownVerdict(
  store: ScanStore,
  fingerprint: string,
  digest: string,
): Promise<PictureVerdict | undefined> {
  const known = await store.knownVerdict(fingerprint, digest);
  return known === undefined ? undefined : (JSON.parse(known) as PictureVerdict); // of our own writing, under this fingerprint
}

/** The bytes of a picture that were judged; undefined when they cannot be read, or are others by now. */
export async function readPicture(
  store: ScanStore,
  scan: string,
  { key, sha256 }: Pick<ScanItem, "key" | "sha256">,
  files: Files,
  most: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const file = await store.file(scan, key);
  try {
    const bytes = file && (await readFileOf(file, files, most, signal)).bytes;
    return bytes && digestOf(bytes) === sha256 ? bytes : undefined;
  } catch (error) {
    if (error instanceof FileProblem) return undefined;
    throw error;
  }
}

async function readFileOf(file: InventoryFile, files: Files, most: number, signal: AbortSignal) {
  const { inside, key, bytes } = file;
  if (!inside) return files.read(key, most, signal);
  const range = { start: inside.start, end: inside.start + bytes };
  const read = await files.read(inside.archive, most, signal, range);
  if (read.stamp !== file.stamp) throw new FileProblem("changed", "its archive changed since it was listed");
  return read;
}

async function captionsOf(
  picture: PendingPicture,
  context: ItemContext,
  problems: ScanProblem[],
  read: FileDigest[],
  signal: AbortSignal,
): Promise<ScanCaption[]> {
  const { judge, prompts } = context;
  const texts: Text[] = [...picture.captions];
  const folder = promptsFor(picture.key, prompts);
  if (folder) {
    const ofClass = isClassPicture(picture.key, folder);
    const text = ofClass ? folder.classPrompt : folder.instancePrompt;
    const place = ofClass ? "class_prompt" : "instance_prompt";
    if (text !== undefined) texts.push({ file: folder.file, place, text });
  }
  for (const sidecar of picture.sidecars) {
    try {
      const { key: file } = sidecar;
      const { bytes } = await readFileOf(sidecar, context.files, MOST_CAPTION_BYTES, signal);
      if (!sidecar.inside) read.push({ key: file, sha256: digestOf(bytes) });
      texts.push(...captionsIn(file, bytes).map((caption) => ({ file, ...caption })));
    } catch (error) {
      const { code, detail } = problemOf(error);
      problems.push({
        code: "caption_unreadable",
        detail: code === "unreadable" ? detail : `${sidecar.key}: ${detail}`,
      });
    }
  }
  if (texts.length === 0 && problems.every(({ code }) => code !== "caption_unreadable") && context.captionsExpected) {
    problems.push({ code: "caption_missing", detail: "other pictures of this data set have one" });
  }
  const captions: ScanCaption[] = [];
  for (const { file, place, text } of texts) {
    const where = { file, place, digest: digestOf(text), characters: text.length };
    if (text.trim() === "") {
      problems.push({ code: "caption_empty", detail: `${file} says nothing` });
      continue;
    }
    if (text.length > judge.limits.captionCharacters) {
      const detail = `it has ${text.length} characters; the limit is ${judge.limits.captionCharacters} (prompt_characters)`;
      problems.push({ code: "caption_too_long", detail });
      continue;
    }
    const { action, reasons } = await judge.caption(text, signal);
    captions.push({ ...where, action, reasons });
  }
  return captions;
}

/** @throws what is no problem of one file */
function problemOf(error: unknown): ScanProblem {
  if (error instanceof FileProblem) return error.problem;
  if (error instanceof SafelightError && error.code === "image_too_large")
    return { code: "too_large", detail: error.detail };
  if (error instanceof SafelightError && error.code === "image_unreadable")
    return { code: "unreadable", detail: error.detail };
  throw error;
}
