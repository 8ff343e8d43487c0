import fc from "fast-check";
import { expect, test } from "vitest";
import { GenerationRecordSchema } from "../../src/contract/generation.ts";
import { forget, picturesOf } from "../../src/store/forget.ts";
import { arbitraryOf } from "./arbitrary.ts";
import { reason, record } from "./samples.ts";

test("whatever is forgotten is still a record, has no text or picture left, and is the same when forgotten again", () => {
  fc.assert(
    fc.property(arbitraryOf(GenerationRecordSchema), (it) => {
      const after = forget(it);
      expect(GenerationRecordSchema.parse(after)).toEqual(after);
      expect(forget(after)).toEqual(after);
      expect(picturesOf(after)).toEqual([]);
      expect([after.request.prompt, after.request.negative_prompt, after.negative_prompt]).toEqual([null, null, null]);
      expect(JSON.stringify(after)).not.toContain('"term":');
      expect(after.trials.map(({ digest }) => digest)).toEqual(it.trials.map(({ digest }) => digest));
      expect(after.prompt?.coverage).toEqual(it.prompt?.coverage);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ["a.b*c", 'says "a.b*c", not "axbbc"', 'says "…", not "axbbc"'],
  ["gore", "gore scored 0.9, for the word 'GORE'", "gore scored 0.9, for the word '…'"],
])("only what stands between quotation marks is taken out of a sentence: %s", (term, message, expected) => {
  const it = record({
    prompt: { action: "warn", coverage: [], reports: [], reasons: [reason({ evidence: { term }, message })] },
  });
  expect(forget(it).prompt?.reasons[0]?.message).toBe(expected);
});
