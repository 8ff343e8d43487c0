import { SafelightError } from "../../../contract/errors.ts";
import { openImageEncoder } from "../../../models/clip/encoder.ts";
import type { PinnedFolder } from "../../../models/installed/pinned.ts";
import { textsOf } from "./anchors.ts";
import { CONCEPT_CATEGORIES, CONCEPTS } from "./concepts.ts";
import { textVectors } from "./vectors.ts";

/**
 * Proves that both towers of a model can be used, and together. The vectors of the concepts that ship lie beside it
 * afterwards.
 * @throws SafelightError `config_invalid`, `detector_failed`
 */
export async function tryModel(folder: PinnedFolder): Promise<void> {
  const shipped = new Map(CONCEPT_CATEGORIES.map((category) => [category, CONCEPTS[category]]));
  const encoder = await openImageEncoder(folder, { sessions: 1 });
  try {
    const grey = new Uint8Array(encoder.width * encoder.height * 3).fill(127);
    const [picture] = await encoder.embed([grey]);
    const [text] = (await textVectors(folder, textsOf(shipped))).values();
    if (picture?.length === text?.length) return;
    throw new SafelightError(
      "config_invalid",
      `the towers of model ${folder.id} do not belong together: vectors of ${picture?.length} and of ${text?.length}`,
    );
  } finally {
    await encoder.close();
  }
}
