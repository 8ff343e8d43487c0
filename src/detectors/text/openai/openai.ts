import type { TextDetector } from "../../../contract/detector.ts";
import { covered, findingsOf } from "../../vendors/labels.ts";
import { OPENAI_LABELS } from "../../vendors/openai/labels.ts";
import { Moderations } from "../../vendors/openai/moderations.ts";
import type { OpenAiOptions } from "../../vendors/openai/options.ts";

/** Changes with the table of labels, or with what is made of the scores. */
const CODE_VERSION = "1";

/** OpenAI's moderation endpoint, for texts. */
export async function openOpenAiText(options: OpenAiOptions): Promise<TextDetector> {
  const moderations = new Moderations(options);
  return {
    id: "openai",
    version: `${CODE_VERSION}.${options.model}`,
    categories: covered(OPENAI_LABELS),
    async inspect({ text }, signal) {
      const { scores } = await moderations.score(text, signal);
      return findingsOf(OPENAI_LABELS, scores);
    },
    close: () => moderations.close(),
  };
}
