import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FAMILIES, type Family, familyOf, sizeFor } from "../../../src/generators/openai/families.ts";
import { inWords } from "../../../src/generators/openai/prompt.ts";

describe("the family of a model", () => {
  test.each([
    ["gpt-image-1", "gpt-image-1"],
    ["gpt-image-1.5", "gpt-image-1"],
    ["gpt-image-1-mini", "gpt-image-1"],
    ["chatgpt-image-latest", "gpt-image-1"],
    ["gpt-image-2", "gpt-image-2"],
    ["gpt-image-2-2026-04-21", "gpt-image-2"],
    ["gpt-image-2.5-flare", "gpt-image-2"],
    ["dall-e-2", "dall-e-2"],
    ["dall-e-3", "dall-e-3"],
    ["stabilityai/sdxl", "compatible"],
    ["gpt-imagine", "compatible"],
  ])("of %s is %s", (model, family) => {
    expect(familyOf(model)).toBe(family);
  });
});

describe("the size that is asked for", () => {
  test.each<[keyof typeof FAMILIES, string, string]>([
    ["gpt-image-1", "1024x1024", "1024x1024"],
    ["gpt-image-1", "512x512", "1024x1024"],
    ["gpt-image-1", "1920x1080", "1536x1024"],
    ["gpt-image-1", "300x900", "1024x1536"],
    ["dall-e-3", "1920x1080", "1792x1024"],
    ["dall-e-2", "300x300", "256x256"],
    ["dall-e-2", "2048x1024", "1024x1024"],
    ["gpt-image-2", "1024x1024", "1024x1024"],
    ["gpt-image-2", "1536x864", "1536x864"],
    ["gpt-image-2", "512x512", "816x816"],
    ["gpt-image-2", "2048x64", "1424x480"],
    ["gpt-image-2", "64x2048", "480x1424"],
    ["compatible", "333x777", "333x777"],
  ])("for %s and %s is %s", (family, wanted, expected) => {
    const [width = 0, height = 0] = wanted.split("x").map(Number);
    const size = sizeFor(FAMILIES[family], { width, height }, false);
    expect(`${size.width}x${size.height}`).toBe(expected);
  });

  test("always keeps to the rules of gpt-image-2, and near to the wanted shape", () => {
    const side = fc.integer({ min: 16, max: 8_192 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const { width: w, height: h } = sizeFor(FAMILIES["gpt-image-2"], { width, height }, false);
        expect([w % 16, h % 16]).toEqual([0, 0]);
        expect(Math.max(w, h)).toBeLessThanOrEqual(3_840);
        expect(Math.max(w / h, h / w)).toBeLessThanOrEqual(3);
        expect(w * h).toBeGreaterThanOrEqual(655_360);
        expect(w * h).toBeLessThanOrEqual(8_294_400);
        const shape = Math.min(3, Math.max(1 / 3, width / height));
        expect(Math.abs(Math.log(w / h / shape))).toBeLessThan(0.05);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each<[keyof typeof FAMILIES, RegExp]>([
    ["gpt-image-1", /no pictures of 500x500: its sizes are 1024x1024, 1536x1024, 1024x1536$/],
    ["gpt-image-2", /no pictures of 500x500: its nearest size is 816x816$/],
  ])("can be insisted on: %s then says what there is", (name, detail) => {
    const family: Family = FAMILIES[name];
    expect(() => sizeFor(family, { width: 500, height: 500 }, true)).toThrow(detail);
    expect(sizeFor(family, { width: 1_024, height: 1_536 }, true)).toEqual({ width: 1_024, height: 1_536 });
  });
});

describe("a negative prompt in words", () => {
  test("stands at the end of the prompt", () => {
    expect(inWords("a castle", " cranes, fog ", 100)).toBe("a castle\n\nAvoid: cranes, fog");
    expect(inWords("a castle", "  ", 100)).toBe("a castle");
  });

  test("is cut after a whole term where there is no room for more", () => {
    const most = "a castle\n\nAvoid: cranes, fog".length;
    expect(inWords("a castle", "cranes, fog", most)).toBe("a castle\n\nAvoid: cranes, fog");
    expect(inWords("a castle", "cranes, fog", most - 1)).toBe("a castle\n\nAvoid: cranes");
    expect(inWords("a castle", "cranes, fog", most - 5)).toBe("a castle\n\nAvoid: cranes");
    expect(inWords("a castle", "cranes, fog", most - 6)).toBe("a castle");
    expect(inWords("a castle", "cranes, fog", "a castle".length)).toBe("a castle");
  });

  test("never makes the prompt longer than it may be, nor changes it", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(60), (prompt, negative, room) => {
        const text = inWords(prompt, negative, prompt.length + room);
        expect(text.length).toBeLessThanOrEqual(prompt.length + room);
        expect(text.startsWith(prompt)).toBe(true);
      }),
    );
  });

  test("does not help a prompt that is too long", () => {
    expect(() => inWords("castle", "", 5)).toThrow("the prompt has 6 characters, and the model takes at most 5");
  });
});
