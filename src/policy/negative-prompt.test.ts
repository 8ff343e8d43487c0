import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeNegativePrompts } from "./negative-prompt.ts";

describe("merging negative prompts", () => {
  test.each([
    [["nsfw, nude", "blurry"], "nsfw, nude, blurry"],
    [["nsfw, Nude", "nude,  low   quality, NSFW"], "nsfw, Nude, low quality"],
    [["", ""], ""],
    [["", "a"], "a"],
    [["a,,b , ", "c"], "a, b, c"],
    [["(blurry, low quality:1.2), text", "text"], "(blurry, low quality:1.2), text"],
    [["a\nb", "b"], "a, b"],
    [["unclosed (a, b", "c"], "unclosed (a, b, c"],
  ])("%j gives %j", (prompts, merged) => {
    expect(mergeNegativePrompts(...prompts)).toBe(merged);
  });

  test("merging a result with itself changes nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 3 }), (prompts) => {
        const merged = mergeNegativePrompts(...prompts);
        expect(mergeNegativePrompts(merged)).toBe(merged);
      }),
    );
  });
});
