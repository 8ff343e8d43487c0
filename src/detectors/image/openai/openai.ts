import type { ImageDetector } from "../../../contract/detector.ts";
import type { Finding } from "../../../contract/report.ts";
import type { VendorLimits } from "../../../models/vendor-picture.ts";
import { inspectFrames } from "../../vendors/frames.ts";
import { covered, findingsOf } from "../../vendors/labels.ts";
import { OPENAI_LABELS, OPENAI_PICTURE_LABELS } from "../../vendors/openai/labels.ts";
import { Moderations, type Scores } from "../../vendors/openai/moderations.ts";
import type { OpenAiOptions } from "../../vendors/openai/options.ts";

/** Changes with the table of labels, or with what is made of the scores. */
const CODE_VERSION = "1";

const LIMITS: VendorLimits = { types: ["image/png", "image/jpeg", "image/webp", "image/gif"] };

/** OpenAI's moderation endpoint, for pictures. It covers fewer categories there than for texts. */
export async function openOpenAiImage(options: OpenAiOptions): Promise<ImageDetector> {
  const moderations = new Moderations(options);
  return {
    id: "openai",
    version: `${CODE_VERSION}.${options.model}`,
    categories: covered(OPENAI_PICTURE_LABELS),
    inspect: (image, signal) =>
      inspectFrames(
        image,
        LIMITS,
        async ({ bytes, mediaType }, either) => {
          const url = `data:${mediaType};base64,${Buffer.from(bytes).toString("base64")}`;
          return findings(await moderations.score([{ type: "image_url", image_url: { url } }], either));
        },
        signal,
      ),
    close: () => moderations.close(),
  };
}

/** Labels for texts alone are left out, until the vendor says that it has looked for one in a picture. */
function findings({ scores, lookedFor }: Scores): readonly Finding[] {
  const blind = (label: string) =>
    Object.hasOwn(OPENAI_LABELS, label) && !Object.hasOwn(OPENAI_PICTURE_LABELS, label) && !lookedFor.has(label);
  const seen = [...scores].filter(([label]) => !blind(label));
  const labels = Object.fromEntries(Object.entries(OPENAI_LABELS).filter(([label]) => !blind(label)));
  return findingsOf(labels, new Map(seen));
}
