import { imagingWithin } from "../app/imaging.ts";
import type { DecodedImage } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import type { Limits } from "../contract/limits.ts";
import { type PictureHash, readHash } from "../detectors/image/hashes/entry.ts";
import type { Io } from "./io.ts";
import { readPicture } from "./picture-input.ts";

/** What an argument of `safelight hashes` stands for: a picture, or a hash of one. */
export type Looked =
  | { readonly given: string; readonly kind: "picture"; readonly image: DecodedImage }
  | { readonly given: string; readonly kind: "hash"; readonly hash: PictureHash }
  | { readonly given: string; readonly kind: "failed"; readonly error: SafelightError };

/** A picture that cannot be read is told, and does not keep the others from being looked at. */
export async function look(given: string, limits: Limits, io: Io): Promise<Looked> {
  io.signal.throwIfAborted();
  try {
    if (/^(?:[a-z0-9]+:)?[0-9a-f]{64}$/i.test(given)) {
      const hash = readHash(given);
      if (typeof hash === "string") throw new SafelightError("invalid_request", hash);
      return { given, kind: "hash", hash };
    }
    const image = await imagingWithin(limits).decode(await readPicture(given, limits.image_bytes, io));
    return { given, kind: "picture", image };
  } catch (error) {
    if (!(error instanceof SafelightError)) throw error;
    io.err(`${io.styled("red", "safelight:", "err")} ${given}: ${error.detail}\n`);
    return { given, kind: "failed", error };
  }
}
