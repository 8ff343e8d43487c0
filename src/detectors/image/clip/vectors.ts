import { findClip } from "../../../models/clip/layout.ts";
import { meanOf } from "../../../models/clip/vectors.ts";
import type { PinnedFolder } from "../../../models/installed/pinned.ts";
import { sentencesOf } from "./anchors.ts";
import { recall, remember } from "./remembered.ts";

/** Texts whose vectors are kept from one start to the next. */
const MOST_REMEMBERED = 4_096;

/**
 * The vector of each text: the direction between its sentences. The text tower is opened only for texts that it has not
 * seen before, and closed again.
 * @throws SafelightError `config_invalid` when the tower cannot be opened, or a text is too long for it
 */
export async function textVectors(
  folder: PinnedFolder,
  texts: readonly string[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const sha256 = folder.files[findClip(Object.keys(folder.files)).text]?.sha256 ?? "";
  const known = await recall(folder, sha256);
  const lacking = texts.filter((text) => !known.has(text));
  if (lacking.length > 0) {
    const { openTextEncoder } = await import("../../../models/clip/encoder.ts");
    const encoder = await openTextEncoder(folder);
    try {
      const vectors = await encoder.embed(lacking.flatMap(sentencesOf));
      let at = 0;
      for (const text of lacking) {
        const { length } = sentencesOf(text);
        known.set(text, meanOf(folder.id, vectors.slice(at, at + length)));
        at += length;
      }
    } finally {
      await encoder.close();
    }
    await remember(folder, sha256, known.size > MOST_REMEMBERED ? only(known, texts) : known);
  }
  return only(known, texts);
}

function only(known: ReadonlyMap<string, Float32Array>, texts: readonly string[]): ReadonlyMap<string, Float32Array> {
  return new Map(
    texts.flatMap((text) => {
      const vector = known.get(text);
      return vector ? [[text, vector] as const] : [];
    }),
  );
}
