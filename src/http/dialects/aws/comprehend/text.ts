import { z } from "zod";
import { promptSchema } from "../../../../contract/generation.ts";
import type { Limits } from "../../../../contract/limits.ts";
import { AwsFault } from "../faults.ts";

/**
 * A text as Safelight takes it.
 * @param most bytes of UTF-8
 * @throws AwsFault `TextSizeLimitExceededException`
 */
export function textWithin(limits: Limits, most: number) {
  return z.string().transform((text, context) => {
    const bytes = Buffer.byteLength(text);
    if (bytes > most) throw tooLong(most, "bytes of UTF-8", bytes);
    if (text.length > limits.prompt_characters)
      throw tooLong(limits.prompt_characters, "characters (UTF-16 units)", text.length);
    const checked = promptSchema(limits).safeParse(text);
    if (checked.success) return checked.data;
    context.addIssue({ code: "custom", message: checked.error.issues[0]?.message ?? "is not valid" });
    return z.NEVER;
  });
}

function tooLong(most: number, unit: string, length: number): AwsFault {
  const detail = `Input text size exceeds limit: at most ${most} ${unit} are allowed, and the text has ${length}.`;
  return new AwsFault("invalid_request", "TextSizeLimitExceededException", detail);
}
