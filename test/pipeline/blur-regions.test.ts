import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { imagingWithin } from "../../src/app/imaging.ts";
import type { DecodedImage } from "../../src/contract/detector.ts";
import { DEFAULT_LIMITS } from "../../src/contract/limits.ts";
import type { Finding, Region } from "../../src/contract/report.ts";
import { decodeImage } from "../../src/models/decode.ts";
import { detector, generator, parts, policy, run } from "./fakes.ts";

const SIDE = 128;
/** Every second column white: gone wherever it is blurred. */
const STRIPES = Buffer.from(Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (Math.floor(i / 3) % 2 ? 255 : 0)));
const LEFT: Region = { x: 0, y: 0, width: 0.25, height: 1 };

const finding = (score: number, region?: Region): Finding => ({
  category: "sexual",
  score,
  ...(region ? { evidence: { region } } : {}),
});

/** How strongly neighbouring columns differ, in the left, the middle and the right quarter of what was answered. */
async function contrasts(blur: object, findings: readonly Finding[]): Promise<[number, number, number]> {
  const bytes = await sharp(STRIPES, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toBuffer();
  const { record, released } = await run(
    parts({
      policy: policy({ image: { blur } }),
      imageDetectors: [detector<DecodedImage>("eyes", () => [...findings])],
      generator: generator(({ images }) => images.map(() => ({ kind: "image", bytes, mediaType: "image/png" }))),
      imaging: imagingWithin(DEFAULT_LIMITS),
    }),
  );
  expect(record.images).toMatchObject([{ action: "blur", blurred: true, media_type: "image/jpeg" }]);
  const shown = released.get(0);
  if (!shown) throw new Error("nothing was released");
  const rgb = (await decodeImage(shown.bytes, DEFAULT_LIMITS)).frames[0]?.rgb ?? new Uint8Array();
  const at = (x: number) => rgb[((SIDE / 2) * SIDE + x) * 3] ?? Number.NaN;
  const contrast = (x: number) => Math.abs(at(x) - at(x + 1));
  return [contrast(8), contrast(64), contrast(120)];
}

describe.each(["blur", "pixelate"])("a policy that wants regions hidden by %s", (style) => {
  const blur = { style, extent: "regions", margin: 0 };

  test("hides the region of the finding and nothing else", async () => {
    const [left, middle, right] = await contrasts(blur, [finding(0.6, LEFT)]);
    expect(left).toBeLessThan(12);
    expect(middle).toBeGreaterThan(200);
    expect(right).toBeGreaterThan(200);
  });

  test("hides the margin too, and every region that asks for it", async () => {
    const right = { ...LEFT, x: 0.875, width: 0.125 };
    const all = await contrasts({ ...blur, margin: 0.3 }, [finding(0.6, LEFT), finding(0.7, right)]);
    expect(Math.max(...all)).toBeLessThan(12);
  });

  test("hides the picture when another finding that asks for it names no region", async () => {
    expect(Math.max(...(await contrasts(blur, [finding(0.6, LEFT), finding(0.55)])))).toBeLessThan(12);
  });

  test("leaves the region of a mere warning clear", async () => {
    const [, , right] = await contrasts(blur, [finding(0.6, LEFT), finding(0.3, { ...LEFT, x: 0.75 })]);
    expect(right).toBeGreaterThan(200);
  });
});

test("by default the whole picture is blurred, whatever region was found", async () => {
  expect(Math.max(...(await contrasts({}, [finding(0.6, LEFT)])))).toBeLessThan(12);
});
