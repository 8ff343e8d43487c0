import type { ImageDetector } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { VendorLimits } from "../../../models/vendor-picture.ts";
import { readAssessments } from "../../vendors/bedrock/assessment.ts";
import { Guardrail } from "../../vendors/bedrock/guardrail.ts";
import { GUARDRAIL_FILTERS, PICTURE_FILTERS } from "../../vendors/bedrock/labels.ts";
import type { GuardrailOptions } from "../../vendors/bedrock/options.ts";
import { inspectFrames } from "../../vendors/frames.ts";

/** Changes with the table of labels, or with what is made of the confidences. */
const CODE_VERSION = "1";

const LIMITS: VendorLimits = { longestSide: 8_000, types: ["image/png", "image/jpeg"] };

/** A guardrail of Amazon Bedrock, for pictures: its content filters alone look at them. */
export async function openBedrockImage(options: GuardrailOptions): Promise<ImageDetector> {
  const filters = options.filters.filter((filter) => PICTURE_FILTERS.includes(filter));
  if (filters.length === 0)
    throw new SafelightError(
      "config_invalid",
      `filters: none of them looks at pictures; ${PICTURE_FILTERS.join(", ")} do`,
    );
  const guardrail = await Guardrail.open(options);
  return {
    id: "bedrock",
    version: `${CODE_VERSION}.${guardrail.version}`,
    categories: [...new Set(filters.map((filter) => GUARDRAIL_FILTERS[filter]))],
    inspect: (image, signal, meter) =>
      inspectFrames(
        image,
        LIMITS,
        async ({ bytes, mediaType }, either) => {
          const format = mediaType === "image/png" ? "png" : "jpeg";
          const content = { image: { format, source: { bytes } } } as const;
          const answer = await guardrail.apply("OUTPUT", content, either, meter);
          return readAssessments(answer, { filters, topics: [] }, options);
        },
        signal,
      ),
    probe: (signal, run) => guardrail.probe(signal, run),
    close: () => guardrail.close(),
  };
}
