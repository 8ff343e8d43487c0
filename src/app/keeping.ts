import type { GenerationRecord, ImageOutcome, StoredPicture } from "../contract/generation.ts";
import { sha256 } from "../pipeline/digest.ts";
import type { GenerationResult } from "../pipeline/generation.ts";
import type { Picture } from "../pipeline/parts.ts";
import { withoutText } from "../pipeline/retention.ts";
import type { Policy } from "../policy/schema.ts";
import type { PictureToKeep } from "../store/store.ts";

/** What one generation leaves behind. */
export interface Kept {
  /** As it is answered now: with the prompt. */
  readonly answer: GenerationRecord;
  /** As it is stored: with no more text than the policy keeps. */
  readonly record: GenerationRecord;
  readonly pictures: readonly PictureToKeep[];
}

/**
 * Chooses what the policy's retention keeps. The original of a held picture is always kept, or no person could decide on it;
 * it is forgotten with the rest.
 */
export function keep({ record, released, originals }: GenerationResult, { retention }: Policy): Kept {
  const pictures: PictureToKeep[] = [];
  const address = (picture: Picture | undefined): StoredPicture | null => {
    if (!picture) return null;
    const digest = sha256(picture.bytes);
    pictures.push({ digest, bytes: picture.bytes, media_type: picture.mediaType });
    return { digest, media_type: picture.mediaType, bytes: picture.bytes.length };
  };
  const images = record.images.map((image): ImageOutcome => {
    const original = retention.originals === "keep" || image.action === "review";
    return {
      ...image,
      released: retention.pictures === "keep" ? address(released.get(image.index)) : null,
      original: original ? address(originals.get(image.index)) : null,
    };
  });
  const answer = { ...record, images };
  return { answer, record: retention.prompts === "keep" ? answer : withoutText(answer), pictures };
}
