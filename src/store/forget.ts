import type { GenerationRecord, StoredPicture } from "../contract/generation.ts";
import { withoutText } from "../pipeline/retention.ts";

/** The pictures that a record names. */
export function picturesOf(record: GenerationRecord): readonly StoredPicture[] {
  return record.images.flatMap(({ released, original }) => [released, original].filter((picture) => picture !== null));
}

/** The record once its retention has passed: no text, and no picture to be read. What was decided and why stays. */
export function forget(record: GenerationRecord): GenerationRecord {
  const { images, ...rest } = withoutText(record);
  return { ...rest, images: images.map((image) => ({ ...image, released: null, original: null })) };
}
