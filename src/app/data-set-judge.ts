import { createHash } from "node:crypto";
import type { Config } from "../config/schema.ts";
import type { DecodedImage, Detector, ImageDetector, Prompt } from "../contract/detector.ts";
import type { Report } from "../contract/report.ts";
import type { DataSetJudge, PictureVerdict } from "../dataset/scan/judge.ts";
import { findingsOf, ModerationLabelsSchema } from "../detectors/image/rekognition/findings.ts";
import { REKOGNITION_LABELS } from "../detectors/image/rekognition/labels.ts";
import { covered } from "../detectors/vendors/labels.ts";
import { type Faces, openFaces } from "../models/faces/faces.ts";
import { looksOf } from "../models/pdq/looks.ts";
import type { StageDetector } from "../pipeline/detect.ts";
import { judgeImage, judgePrompt } from "../pipeline/judge.ts";
import { reasonsWithoutText } from "../pipeline/retention.ts";
import { decide } from "../policy/decide.ts";
import type { Policy } from "../policy/schema.ts";
import { known } from "./checks.ts";
import { imagingWithin } from "./imaging.ts";
import { PolicySet } from "./policy-set.ts";

/** Changes with what a verdict holds, apart from what the detectors say. */
const VERDICT_VERSION = 3;
const REKOGNITION = "rekognition";
/** Captions come again and again: DreamBooth has one for all pictures. */
const CAPTIONS_KEPT = 1_000;

export interface OpenDataSetJudge extends DataSetJudge {
  close(): Promise<void>;
}

/**
 * Opens the detectors of one policy for judging data sets.
 * @throws SafelightError `config_invalid`; `invalid_request` for an unknown policy
 */
export async function openDataSetJudge(config: Config, policyName: string): Promise<OpenDataSetJudge> {
  const set = new PolicySet(config);
  const loaded = known("policy", policyName, set.policies);
  const release = set.hold();
  let faces: Faces | undefined;
  const close = async () => {
    await faces?.close();
    await release();
    await set.retire();
  };
  try {
    faces = await openFaces({ threads: 1 });
    const [prompt, image] = await Promise.all([set.prompt(loaded), set.image(loaded)]);
    return judgeOf(config, loaded.policy, { prompt, image, faces }, close);
  } catch (error) {
    await close();
    throw error;
  }
}

interface Open {
  readonly prompt: readonly StageDetector<Prompt>[];
  readonly image: readonly StageDetector<DecodedImage>[];
  readonly faces: Faces;
}

function judgeOf(
  config: Config,
  policy: Policy,
  { prompt, image, faces }: Open,
  close: () => Promise<void>,
): OpenDataSetJudge {
  const { decode } = imagingWithin(config.limits);
  const detectors = { prompt: prompt.map(nameOf), image: image.map(nameOf) };
  const captions = new Map<string, ReturnType<DataSetJudge["caption"]>>();
  const judgeCaption: DataSetJudge["caption"] = async (text, signal) => {
    const { early, late } = await judgePrompt({ text }, policy, prompt, signal);
    const { action, reasons, coverage } = late ? await late : early;
    const kept = policy.retention.prompts === "keep" ? reasons : reasonsWithoutText(reasons, text);
    return { action, reasons: kept, coverage };
  };
  return {
    policy: { name: policy.name, version: policy.version, digest: policy.digest },
    detectors,
    fingerprint: fingerprintOf(policy.digest, detectors, faces.name, settingsOf(config, policy)),
    onUnknown: { image: policy.image.on_unknown, prompt: policy.prompt.on_unknown },
    limits: { pictureBytes: config.limits.image_bytes, captionCharacters: config.limits.prompt_characters },
    thresholds: Object.fromEntries(
      Object.entries(policy.image.categories).map(([category, levels]) => [category, thresholdsIn(levels ?? {})]),
    ),
    coverage: (labelled) => ({
      image: decide("image", (labelled ? withLabels(image, null) : image).map(nothingFound), policy.image).coverage,
      prompt: decide("prompt", prompt.map(nothingFound), policy.prompt).coverage,
    }),
    async picture(bytes, labels, signal): Promise<PictureVerdict> {
      const decoded = await decode(bytes);
      const [{ action, reasons, coverage, reports }, pdq, seen] = await Promise.all([
        judgeImage(decoded, policy, labels === null ? image : withLabels(image, labels), signal),
        firstLooks(decoded),
        firstFaces(decoded, faces, signal),
      ]);
      const { mediaType, width, height, frameCount } = decoded;
      return {
        ...{ mediaType, width, height, action, reasons, coverage },
        frames: frameCount,
        scores: Object.fromEntries(coverage.flatMap(({ category, score }) => (score ? [[category, score]] : []))),
        pdq,
        faces: seen,
        complete: reports.every(({ state }) => state === "scored"),
      };
    },
    async caption(text, signal) {
      let judged = captions.get(text);
      if (!judged) {
        judged = judgeCaption(text, signal);
        judged.catch(() => captions.delete(text));
        captions.set(text, judged);
        const [oldest] = captions.keys();
        if (captions.size > CAPTIONS_KEPT && oldest !== undefined) captions.delete(oldest);
      }
      return judged;
    },
    close,
  };
}

/** Instead of asking Rekognition, or besides the others: what it has found before. */
function withLabels(
  detectors: readonly StageDetector<DecodedImage>[],
  labels: string | null,
): readonly StageDetector<DecodedImage>[] {
  const asked = detectors.find(({ detector }) => detector.id === REKOGNITION);
  const given = {
    ...{ name: REKOGNITION, budgetMs: 1_000, overlap: false, ...(asked && { name: asked.name }) },
    detector: labelled(labels),
  };
  return [...detectors.filter((each) => each !== asked), given];
}

function labelled(labels: string | null): ImageDetector {
  const { ModerationLabels, ModerationModelVersion } = ModerationLabelsSchema.parse(
    JSON.parse(labels ?? '{"ModerationLabels":[]}'),
  );
  return {
    id: REKOGNITION,
    version: `results.${ModerationModelVersion ?? "unknown"}`,
    categories: covered(REKOGNITION_LABELS),
    inspect: async () => findingsOf(ModerationLabels),
  };
}

async function firstFaces(
  { frames: [frame] }: DecodedImage,
  faces: Faces,
  signal: AbortSignal,
): Promise<number | null> {
  return frame ? (await faces.find(frame, signal)).length : null;
}

async function firstLooks({ frames: [frame] }: DecodedImage): Promise<PictureVerdict["pdq"]> {
  const looks = frame && (await looksOf(frame));
  return looks ? { hash: looks.pdq, quality: looks.quality } : null;
}

function thresholdsIn(levels: object): DataSetJudge["thresholds"][string] {
  return Object.fromEntries(Object.entries(levels).filter(([, limit]) => limit !== undefined));
}

function nameOf<Input>({ name, detector }: StageDetector<Input>): string {
  return `${name}=${detector.id}@${detector.version}`;
}

function fingerprintOf(policyDigest: string, detectors: DataSetJudge["detectors"], faces: string, settings: unknown) {
  const parts = JSON.stringify([VERDICT_VERSION, policyDigest, detectors, faces, settings]);
  return createHash("sha256").update(parts).digest("hex");
}

/** What a picture's verdict rests on besides: the limits of decoding, and the options of whatever the policy asks. No paths: workers share verdicts. */
function settingsOf({ detectors: { text, image }, limits }: Config, { prompt, image: { detectors: used } }: Policy) {
  const asked = [...Object.keys(prompt.detectors), ...Object.keys(used)];
  const judges = asked.flatMap((name) => {
    const detector = image[name];
    return detector?.kind === "text-in-image" ? (detector.options.judges ?? []) : [];
  });
  const options = [...new Set([...asked, ...judges])].sort().map((name) => {
    const [words, pictures] = [text[name], image[name]];
    return [name, words?.kind, words?.options, pictures?.kind, pictures?.options];
  });
  const { frames_judged, image_pixels } = limits;
  return { options, frames_judged, image_pixels };
}

function nothingFound<Input>({
  name,
  detector,
}: {
  readonly name: string;
  readonly detector: Detector<Input>;
}): Report {
  const { version, categories } = detector;
  return { detector: name, version, categories: [...categories], duration_ms: 0, state: "scored", findings: [] };
}
