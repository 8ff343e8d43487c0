import sharp from "sharp";
import { TEST_CARD_GRID, type TestCard } from "../../src/contract/test-card.ts";
import { findTestCard } from "../../src/detectors/image/test-card/test-card.ts";
import { RgbFrame } from "../../src/models/frame.ts";

export interface Found {
  readonly width: number;
  readonly height: number;
  /** What a test card in it says. */
  readonly card: TestCard | undefined;
  /** How much neighbouring pixels differ where a card has its cells, 0 to 255: a card that can be seen has a lot. */
  readonly contrast: number;
}

const BASE64 = /[A-Za-z0-9+/_-]{256,}={0,2}/g;

/**
 * Every picture in a body, however it is wrapped: the body itself, base64 anywhere in it, and lists of numbers, as SageMaker
 * answers raw pixels.
 */
export async function picturesIn(body: Uint8Array): Promise<readonly Found[]> {
  const text = Buffer.from(body).toString("utf8");
  const candidates = [Buffer.from(body), ...[...text.matchAll(BASE64)].map(([b64]) => Buffer.from(b64, "base64"))];
  const found = await Promise.all(candidates.map(decoded));
  return [...found.filter((each) => each !== undefined), ...pixelsIn(text)];
}

/** Whether any bytes of the pictures are in the body, raw or as base64 of any alignment. */
export function holdsBytesOf(body: Uint8Array, pictures: readonly Buffer[]): boolean {
  const whole = Buffer.from(body);
  return pictures.some((picture) => {
    const middle = Math.floor(picture.length / 6) * 3;
    const needle = picture.subarray(middle, middle + 96);
    return (
      whole.includes(needle) ||
      [0, 1, 2].some((shift) => whole.includes(needle.subarray(shift, shift + 90).toString("base64")))
    );
  });
}

async function decoded(bytes: Buffer): Promise<Found | undefined> {
  try {
    const { data, info } = await sharp(bytes)
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    return look(data, info.width, info.height);
  } catch {
    return undefined; // no picture
  }
}

function pixelsIn(text: string): readonly Found[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const found: Found[] = [];
  const walk = (node: unknown): void => {
    if (isPixels(node)) {
      const [first = []] = node;
      found.push(look(Uint8Array.from(node.flat(2)), first.length, node.length));
    } else if (typeof node === "object" && node !== null) Object.values(node).forEach(walk);
  };
  walk(value);
  return found;
}

function isPixels(node: unknown): node is number[][][] {
  const pixel = Array.isArray(node) && Array.isArray(node[0]) ? (node[0][0] as unknown) : undefined;
  return Array.isArray(pixel) && pixel.length === 3 && pixel.every((part) => typeof part === "number");
}

function look(rgb: Uint8Array, width: number, height: number): Found {
  const frame = new RgbFrame(0, width, height, rgb);
  return { width, height, card: findTestCard(frame), contrast: contrastOf(rgb, width, height) };
}

function contrastOf(rgb: Uint8Array, width: number, height: number): number {
  const { x, y } = TEST_CARD_GRID;
  const rows = [Math.floor((y + 0.1) * height), Math.floor((y + 0.2) * height)];
  const columns = [Math.floor(x * width), Math.floor((x + TEST_CARD_GRID.width) * width)] as const;
  let most = 0;
  for (const row of rows) {
    for (let column = columns[0]; column + 4 < columns[1]; column++) {
      const at = (row * width + column) * 3;
      most = Math.max(most, Math.abs((rgb[at] ?? 0) - (rgb[at + 12] ?? 0)));
    }
  }
  return most;
}
