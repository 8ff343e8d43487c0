import type { DecodedImage, ImageDetector } from "../../../contract/detector.ts";
import type { Finding } from "../../../contract/report.ts";
import type { OpenContext } from "../../context.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { KnownPictures, type Match } from "./known-pictures.ts";
import type { HashesOptions } from "./options.ts";

/** Changes with the hash, or with what is made of a match. */
const CODE_VERSION = "2";

/**
 * Finds pictures that a list names, and copies that look like them. It covers no category: a list knows some pictures of a kind
 * and says nothing of all others, so that a policy that requires the category still needs somebody who can judge it.
 */
export async function openHashes(options: HashesOptions, { folder }: OpenContext): Promise<ImageDetector> {
  const known = await KnownPictures.open(options.lists, folder);
  const { distance, min_quality, orientations } = options;
  return {
    id: "hashes",
    version: `${CODE_VERSION}.${known.version}.${distance}.${min_quality}${orientations ? ".turned" : ""}`,
    categories: [],
    async inspect(image, signal) {
      const fingerprint = await fingerprintOf(image, known.needsPixels);
      signal.throwIfAborted();
      return best(known.match(fingerprint, options)).map((match) => finding(match, image, options.notes));
    },
  };
}

/** The nearest match of each category that each list has for the picture; they come nearest first. */
function best(matches: readonly Match[]): readonly Match[] {
  const seen = new Map<string, Match>();
  for (const match of matches) {
    const key = JSON.stringify([match.listed.list, match.listed.category]);
    if (!seen.has(key)) seen.set(key, match);
  }
  return [...seen.values()];
}

function finding(
  { listed, by, distance, score, orientation, frame }: Match,
  image: DecodedImage,
  notes: boolean,
): Finding {
  const { list, category, note } = listed;
  return {
    category,
    score,
    label: list,
    evidence: {
      list,
      ...(notes && note !== undefined ? { term: note } : {}),
      ...(by === "pdq" ? { distance } : {}),
      ...(orientation === "as-is" ? {} : { disguises: [orientation] }),
      ...(image.frameCount > 1 && frame !== null ? { region: { x: 0, y: 0, width: 1, height: 1, frame } } : {}),
    },
  };
}
