import type { ScanItem } from "../../contract/scan.ts";
import type { ScanProblemCode } from "../../contract/scan-problems.ts";
import { digestOf, fileDigest } from "../files/digest.ts";
import { FileProblem, type Files } from "../files/files.ts";
import { captionsIn, MOST_CAPTION_BYTES } from "../layouts/caption-file.ts";

/** A file as it is now, or why it is not what was judged. */
export type Now =
  | { readonly problem?: undefined; readonly bytes: number; readonly sha256: string }
  | { readonly problem: FileProblem; readonly sha256?: string };

/** @param expected the digest that it must have; null: it was not read to its end when it was listed; undefined: any */
export async function fileNow(
  key: string,
  expected: string | null | undefined,
  files: Files,
  signal: AbortSignal,
): Promise<Now> {
  return reading(async () => {
    const now = await fileDigest(files, key, signal);
    if (expected === undefined || now.sha256 === expected) return now;
    const problem = expected === null ? new FileProblem("unreadable", "it was not read to its end") : changed();
    return { problem, sha256: now.sha256 };
  });
}

/** With one of these, nobody has judged the caption, and what follows from that is decided. */
const UNKNOWN: readonly ScanProblemCode[] = ["caption_unreadable", "caption_too_long"];

/** @param owners the pictures that a caption file belongs to, as they were judged */
export async function captionNow(
  key: string,
  owners: readonly ScanItem[],
  files: Files,
  signal: AbortSignal,
): Promise<Now> {
  const unknown = owners.some(({ problems }) => problems.some(({ code }) => UNKNOWN.includes(code)));
  if (owners.length === 0 || unknown) return fileNow(key, undefined, files, signal);
  const judged = new Set(owners.flatMap(({ captions }) => captions.filter(({ file }) => file === key)).map(textDigest));
  return reading(async () => {
    const { bytes } = await files.read(key, MOST_CAPTION_BYTES, signal);
    const sha256 = digestOf(bytes);
    const texts = captionsIn(key, bytes).filter(({ text }) => text.trim() !== "");
    if (texts.every(({ text }) => judged.has(digestOf(text)))) return { bytes: bytes.length, sha256 };
    return { problem: changed(), sha256 };
  });
}

function textDigest({ digest }: ScanItem["captions"][number]): string {
  return digest;
}

function changed(): FileProblem {
  return new FileProblem("changed", "it is not what was judged any more");
}

async function reading(read: () => Promise<Now>): Promise<Now> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    return { problem: error };
  }
}
