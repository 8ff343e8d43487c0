import fc from "fast-check";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import type { GeneratedImage, ImageGenerator, ImageRequest } from "../../contract/generator.ts";
import { STYLES } from "./lexicon/words.ts";
import { openSketch } from "./sketch.ts";

let sketch: ImageGenerator;
beforeAll(async () => {
  sketch = await openSketch({});
});

const never = new AbortController().signal;

function request(prompt: string, more: Partial<ImageRequest> = {}): ImageRequest {
  return { prompt, negativePrompt: "", width: 128, height: 128, images: [{ index: 0, seed: 1 }], attempt: 1, ...more };
}

function bytesOf(image: GeneratedImage | undefined): Uint8Array {
  if (image?.kind !== "image") throw new Error("there is no picture");
  return image.bytes;
}

async function draw(prompt: string, more: Partial<ImageRequest> = {}): Promise<Uint8Array> {
  return bytesOf((await sketch.generate(request(prompt, more), never))[0]);
}

describe("sketch", () => {
  test("says what it is, everywhere", async () => {
    expect(sketch.id).toBe("sketch");
    expect(sketch.notice).toMatch(/no image model ran.*safelight\.yaml/);
    const text = Buffer.from(await draw("a cat")).toString("latin1");
    expect(text.includes("stand-in")).toBe(true);
    expect(text.includes("http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia")).toBe(true);
  });

  test("keeps the prompt out of the file", async () => {
    const text = Buffer.from(await draw("a zebra <script>alert('zebra')</script>")).toString("latin1");
    expect(/zebra|alert|<script/.test(text)).toBe(false);
  });

  test("a PNG that readers accept, with its metadata", async () => {
    const metadata = await sharp(await draw("a cat")).metadata();
    expect(metadata).toMatchObject({ format: "png", width: 128, height: 128, channels: 3, hasAlpha: false });
    expect(metadata.xmp?.toString()).toContain("algorithmicMedia");
  });

  test.each([
    [64, 64],
    [64, 2048],
    [2048, 64],
    [520, 392],
    [1024, 256],
  ])("honours %i × %i", async (width, height) => {
    expect(await sharp(await draw("two dogs in the rain", { width, height })).metadata()).toMatchObject({
      width,
      height,
    });
  });

  test("gives one picture for each seed, in order, and reports progress", async () => {
    const images = [5, 6, 7].map((seed, index) => ({ index, seed }));
    const progress: number[] = [];
    const made = await sketch.generate(request("a cat", { images }), never, (fraction) => progress.push(fraction));
    expect(made.map((image) => image.kind === "image" && image.seed)).toEqual([5, 6, 7]);
    expect(progress).toEqual([1 / 3, 2 / 3, 1]);
  });

  test("draws the same bytes for the same request, also in another instance", async () => {
    const other = await openSketch({});
    const again = await other.generate(request("a castle at sunset, oil painting"), never);
    expect(Buffer.compare(await draw("a castle at sunset, oil painting"), bytesOf(again[0]))).toBe(0);
  });

  test("draws visibly different pictures for different seeds", async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(async (seed) =>
        sharp(await draw("a cat in a park", { images: [{ index: 0, seed }] }))
          .raw()
          .toBuffer(),
      ),
    );
    const changed = one?.filter((value, i) => Math.abs(value - (two?.[i] ?? 0)) > 24).length ?? 0;
    expect(changed / (one?.length ?? 1)).toBeGreaterThan(0.1);
  });

  test.each(STYLES)("paints in the style %s", async (style) => {
    const words: Record<string, string> = {
      oil: "oil painting",
      popart: "pop art",
      pixel: "pixel art",
      glass: "stained glass",
      lowpoly: "low poly",
      vivid: "vibrant",
    };
    const styled = await draw(`a house by a lake, ${words[style] ?? style}`, { width: 200, height: 136 });
    expect(await sharp(styled).metadata()).toMatchObject({ width: 200, height: 136, channels: 3 });
    expect(Buffer.compare(styled, await draw("a house by a lake", { width: 200, height: 136 }))).not.toBe(0);
  });

  test("draws something for any text whatever, and never fails", async () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 80 }),
      fc.string({ unit: "grapheme", maxLength: 80 }),
    );
    await fc.assert(
      fc.asyncProperty(texts, texts, fc.nat({ max: 4_294_967_295 }), async (prompt, negativePrompt, seed) => {
        const bytes = await draw(prompt, { negativePrompt, width: 64, height: 72, images: [{ index: 0, seed }] });
        expect(Buffer.from(bytes.subarray(1, 4)).toString()).toBe("PNG");
      }),
      { numRuns: 60 },
    );
  });

  test("stops when the caller goes away", async () => {
    const gone = new AbortController();
    gone.abort();
    await expect(sketch.generate(request("a cat"), gone.signal)).rejects.toThrow();
    const going = new AbortController();
    const waiting = sketch.generate(request("safelight-test:generator:delay:60000"), going.signal);
    setTimeout(() => going.abort(), 20);
    await expect(waiting).rejects.toThrow();
  });
});

describe("test signals", () => {
  test("an error fails as a back end fails", async () => {
    await expect(draw("safelight-test:generator:error")).rejects.toMatchObject({ code: "provider_failed" });
  });

  test("a delay takes as long as it says, with progress on the way", async () => {
    const progress: number[] = [];
    const start = performance.now();
    await sketch.generate(request("a cat safelight-test:generator:delay:250"), never, (fraction) =>
      progress.push(fraction),
    );
    expect(performance.now() - start).toBeGreaterThan(240);
    expect(progress.length).toBeGreaterThan(2);
    expect(progress.toSorted((a, b) => a - b)).toEqual(progress);
  });

  test("withheld is a value, for the pictures and attempts it names", async () => {
    const prompt = "a cat safelight-test:image:withheld:attempts=1:index=1";
    const images = [0, 1].map((index) => ({ index, seed: index }));
    const first = await sketch.generate(request(prompt, { images }), never);
    expect(first.map(({ kind }) => kind)).toEqual(["image", "withheld"]);
    const second = await sketch.generate(request(prompt, { images, attempt: 2 }), never);
    expect(second.map(({ kind }) => kind)).toEqual(["image", "image"]);
  });

  test("the words around a signal are drawn when it does not act", async () => {
    const prompt = "a cat safelight-test:image:violence:0.9:attempts=1";
    const card = await draw(prompt);
    const scene = await draw(prompt, { attempt: 2 });
    expect(Buffer.compare(card, scene)).not.toBe(0);
  });
});
