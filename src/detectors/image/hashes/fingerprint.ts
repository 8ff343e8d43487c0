import type { DecodedImage, Frame } from "../../../contract/detector.ts";
import { pdqFromHex } from "../../../models/pdq/hash.ts";
import { type Pdq, pdqOf } from "../../../models/pdq/pdq.ts";

/** What a picture can be found by. */
export interface Fingerprint {
  /** Of the encoded bytes. */
  readonly sha256: Uint32Array;
  readonly frames: readonly FrameFingerprint[];
}

export interface FrameFingerprint {
  /** Index in the file. */
  readonly index: number;
  /** SHA-256 of the decoded pixels; absent where nobody asked for it. */
  readonly pixels: Uint32Array | undefined;
  /** Absent for a picture that is too small to have one. */
  readonly pdq: Pdq | undefined;
}

/** @param pixels whether the digest of the pixels is wanted */
export async function fingerprintOf(image: DecodedImage, pixels: boolean): Promise<Fingerprint> {
  const frames = await Promise.all(
    image.frames.map(async (frame) => ({
      index: frame.index,
      pixels: pixels ? await digestOf(frame) : undefined,
      pdq: await pdqOf(frame.rgb, frame.width, frame.height),
    })),
  );
  return { sha256: wordsOf(image.digest.slice("sha256:".length)), frames };
}

/** In another thread. */
async function digestOf({ rgb }: Frame): Promise<Uint32Array> {
  const digest = await crypto.subtle.digest("SHA-256", rgb as Uint8Array<ArrayBuffer>);
  return wordsOf(Buffer.from(digest).toString("hex"));
}

function wordsOf(hex: string): Uint32Array {
  const words = pdqFromHex(hex);
  if (!words) throw new TypeError("a SHA-256 has 64 hexadecimal digits");
  return words;
}
