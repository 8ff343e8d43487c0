import type { Category } from "../../../contract/categories.ts";
import type { TextDetector } from "../../../contract/detector.ts";
import { readAssessments } from "../../vendors/bedrock/assessment.ts";
import { Guardrail } from "../../vendors/bedrock/guardrail.ts";
import { GUARDRAIL_FILTERS } from "../../vendors/bedrock/labels.ts";
import type { GuardrailOptions } from "../../vendors/bedrock/options.ts";
import { chunked, inspectChunks, LENGTHS } from "../../vendors/chunks.ts";

/** Changes with the table of labels, or with what is made of the confidences. */
const CODE_VERSION = "1";

/** Of one call: 25 text units of 1,000 characters. */
const MOST_CHARACTERS = 25_000;

/** A guardrail of Amazon Bedrock, for prompts. */
export async function openBedrockText(options: GuardrailOptions): Promise<TextDetector> {
  const guardrail = await Guardrail.open(options);
  const { filters, topics, profanity, sensitive_information } = options;
  return {
    id: "bedrock",
    version: `${CODE_VERSION}.${guardrail.version}`,
    categories: [
      ...new Set<Category>([
        ...filters.map((filter) => GUARDRAIL_FILTERS[filter]),
        ...Object.values(topics),
        ...(profanity ? ["profanity" as const] : []),
        ...(sensitive_information ? ["privacy" as const] : []),
      ]),
    ],
    inspect: ({ text }, signal, meter) =>
      inspectChunks(
        chunked(text, MOST_CHARACTERS, LENGTHS.codePoints),
        async (chunk, either) => {
          const answer = await guardrail.apply("INPUT", { text: { text: chunk.text } }, either, meter);
          return readAssessments(answer, { filters, topics: Object.keys(topics) }, options, chunk.text);
        },
        signal,
      ),
    probe: (signal, run) => guardrail.probe(signal, run),
    close: () => guardrail.close(),
  };
}
