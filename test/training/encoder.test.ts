import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Encoder, openEncoder } from "../../src/detectors/text/custom/encoder.ts";
import { findModel } from "../../src/models/manifest.ts";

const { outputs } = await findModel("prompt-classifier");
const gives = outputs.some(({ name }) => name === "embedding");
const { signal } = new AbortController();

test.skipIf(gives)(
  "without an output `embedding` of the shipped model there is no encoder, and n-grams do alone",
  async () => {
    expect(await openEncoder()).toBeUndefined();
  },
);

describe.skipIf(!gives)("the shipped encoder (skipped while the shipped model has no output `embedding`)", () => {
  let encoder: Encoder;
  beforeAll(async () => {
    const opened = await openEncoder();
    if (!opened) throw new Error("the manifest names the output, but it cannot be opened");
    encoder = opened;
  });
  afterAll(() => encoder.close());

  function cosine(a: Float32Array | undefined, b: Float32Array | undefined): number {
    const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, j) => sum + value * (y[j] ?? 0), 0);
    return a && b ? dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)) : Number.NaN;
  }

  test("gives each text a vector, in order, whatever it is embedded with", async () => {
    const texts = ["a lighthouse by the sea", "x", "", "a gearbox in a garage, engine oil on the floor ".repeat(30)];
    const together = await encoder.embed(texts, signal);
    expect(together.map(({ length }) => length)).toEqual(texts.map(() => encoder.dimensions));
    for (const [i, text] of texts.entries()) {
      const [alone] = await encoder.embed([text], signal);
      expect(cosine(alone, together[i])).toBeGreaterThan(0.97); // 8-bit activations share one scale in a batch
    }
  });

  test("texts that mean the same are nearer than others", async () => {
    const [boat, ship, engine] = await encoder.embed(
      ["a small boat at sea", "a little ship on the ocean", "tax law"],
      signal,
    );
    expect(cosine(boat, ship)).toBeGreaterThan(cosine(boat, engine));
  });
});
