import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BUILT_IN_CATEGORIES } from "../../../contract/categories.ts";
import { digestOf } from "../../../models/installed/pinned.ts";
import { logSumExp, probability, readScale, scalesOf, sentencesOf, textsOf } from "./anchors.ts";
import { CONCEPTS, type Concepts, NEUTRAL } from "./concepts.ts";
import { CELLS, occluded } from "./occlusion.ts";

const finite = fc.double({ min: -1_000, max: 1_000, noNaN: true });

test("a sum in logarithms lies between the largest and that plus the logarithm of their number", () => {
  fc.assert(
    fc.property(fc.array(finite, { minLength: 1, maxLength: 50 }), (values) => {
      const sum = logSumExp(values);
      const most = Math.max(...values);
      expect(sum).toBeGreaterThanOrEqual(most);
      expect(sum).toBeLessThanOrEqual(most + Math.log(values.length) + 1e-9);
    }),
  );
});

test("a probability is one, and grows with the log odds", () => {
  const calibration = fc.record({ slope: fc.double({ min: 0.01, max: 100, noNaN: true }), offset: finite });
  fc.assert(
    fc.property(finite, finite, calibration, (a, b, how) => {
      const [low, high] = [probability(Math.min(a, b), how), probability(Math.max(a, b), how)];
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
      expect(low).toBeLessThanOrEqual(high);
    }),
  );
});

test("a picture that lies on a prompt reads as it, one that lies on what speaks against it does not", () => {
  const concepts: Concepts = new Map([["custom:a", { prompts: ["a", "b"], against: ["c"] }]]);
  const texts = textsOf(concepts);
  const axis = (at: number) => Float32Array.from({ length: texts.length }, (_, i) => (i === at ? 1 : 0));
  const [scale] = scalesOf(concepts, new Map(texts.map((text, i) => [text, axis(i)])));
  if (!scale) throw new Error("no scale");
  const read = (text: string) => readScale(scale, axis(texts.indexOf(text)), 100);
  expect(read("b")).toEqual({ logOdds: expect.closeTo(100 - Math.log(NEUTRAL.length + 1), 3), nearest: "b" });
  expect(read("c").logOdds).toBeLessThan(-90);
  expect(read(NEUTRAL[3]).logOdds).toBeLessThan(-90);
});

test("the concepts that ship are of built-in categories, and nothing speaks for and against the same", () => {
  for (const [category, { prompts, against }] of Object.entries(CONCEPTS)) {
    expect(BUILT_IN_CATEGORIES).toContain(category);
    const all = [...prompts, ...against, ...NEUTRAL];
    expect(new Set(all).size, category).toBe(all.length);
    for (const text of all) expect(sentencesOf(text).every((sentence) => sentence.includes(text))).toBe(true);
  }
});

test("each hidden cell differs from the picture there and nowhere else; together they hide all of it", () => {
  const side = fc.integer({ min: CELLS, max: 40 });
  fc.assert(
    fc.property(side, side, fc.infiniteStream(fc.integer({ min: 0, max: 255 })), (width, height, bytes) => {
      const rgb = Uint8Array.from({ length: width * height * 3 }, () => Number(bytes.next().value));
      const copies = occluded(rgb, width, height);
      expect(copies).toHaveLength(CELLS * CELLS);
      const hiddenBy = new Int32Array(width * height);
      copies.forEach((copy, cell) => {
        for (let i = 0; i < rgb.length; i++) {
          if (copy[i] === rgb[i]) continue;
          const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
          hiddenBy[y * width + x] = cell + 1;
          expect(Math.abs((x + 0.5) / width - ((cell % CELLS) + 0.5) / CELLS)).toBeLessThanOrEqual(
            0.5 / CELLS + 1 / width,
          );
          expect(Math.abs((y + 0.5) / height - (Math.floor(cell / CELLS) + 0.5) / CELLS)).toBeLessThanOrEqual(
            0.5 / CELLS + 1 / height,
          );
        }
      });
    }),
    { numRuns: 20 },
  );
});

test("the digest of a folder is that of the lines that sha256sum prints", () => {
  const files = { "onnx/b": { bytes: 1, sha256: "22" }, "a.json": { bytes: 1, sha256: "11" } };
  const lines = "11  a.json\n22  onnx/b\n";
  expect(digestOf(files)).toBe(createHash("sha256").update(lines).digest("hex"));
});
