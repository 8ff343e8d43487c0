import sharp from "sharp";
import type { Category } from "../../../src/contract/categories.ts";
import { openSketch } from "../../../src/generators/sketch/sketch.ts";

/** `height × width × 3` bytes, R G B. */
export interface Pixels {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

const SIZES = [
  [512, 512],
  [64, 64],
  [63, 200],
  [65, 127],
  [5, 5],
  [6, 300],
  [129, 513],
  [700, 130],
  [1024, 768],
  [1601, 1203],
] as const;

const PROMPTS = [
  "a red boat on a lake at sunset, watercolor",
  "two cats and a dog in a garden, morning light",
  "a castle in the mountains, winter, stars",
  "portrait of an old fisherman, dramatic light",
] as const;

/** Whatever the machine, the same bytes: smooth waves, discs, blocks, grain, and what is plain. */
export function computedPictures(): readonly Pixels[] {
  const pictures = SIZES.flatMap(([width, height], i) => [
    painted(`waves ${i}`, width, height, waves(i)),
    painted(`discs ${i}`, width, height, discs(i)),
    painted(`blocks ${i}`, width, height, blocks(i)),
  ]);
  return [
    ...pictures,
    painted("grain", 300, 300, (x, y) => grain(x * 300, y * 300)),
    painted("gradient", 256, 256, (x, y) => [x * 255, y * 255, 128]),
    painted("white", 256, 256, () => [255, 255, 255]),
  ];
}

/** Scenes and test cards, drawn and scaled by this machine's libvips: others may round otherwise. */
export async function drawnPictures(): Promise<readonly Pixels[]> {
  const scenes = await Promise.all(PROMPTS.map((prompt, seed) => sketched(prompt, prompt, 512, 512, seed)));
  const cards = await Promise.all(
    (["violence", "sexual"] as const).map((category) => testCard(category, 0.97, 512, 512)),
  );
  const sizes = [0.5, 1.5, 0.23].map(async (scale) => {
    const [scene] = scenes;
    if (!scene) throw new Error("there is no scene");
    const [width, height] = [Math.round(scene.width * scale), Math.round(scene.height * scale * 0.8)];
    const raw = { width: scene.width, height: scene.height, channels: 3 } as const;
    const rgb = await sharp(scene.rgb, { raw }).resize(width, height, { fit: "fill" }).raw().toBuffer();
    return { name: `${scene.name}, ${width} × ${height}`, width, height, rgb };
  });
  return [...scenes, ...cards, ...(await Promise.all(sizes))];
}

export function testCard(category: Category, score: number, width: number, height: number): Promise<Pixels> {
  const signal = `safelight-test:image:${category}:${score}`;
  return sketched(`test card ${category} ${score}`, signal, width, height, 1);
}

export async function sketched(
  name: string,
  prompt: string,
  width: number,
  height: number,
  seed: number,
): Promise<Pixels> {
  const sketch = await openSketch({});
  const request = { prompt, negativePrompt: "", width, height, images: [{ index: 0, seed }], attempt: 1 };
  const [image] = await sketch.generate(request, new AbortController().signal);
  if (image?.kind !== "image") throw new Error(`sketch drew nothing for ${prompt}`);
  return { name, width, height, rgb: await sharp(image.bytes).removeAlpha().raw().toBuffer() };
}

type Colour = readonly [red: number, green: number, blue: number];
/** Of a place in the picture, each from 0 to 1. */
type Paint = (x: number, y: number) => Colour;

function painted(name: string, width: number, height: number, paint: Paint): Pixels {
  const rgb = new Uint8Array(width * height * 3);
  for (let at = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const value of paint(x / width, y / height)) rgb[at++] = Math.min(255, Math.max(0, Math.round(value)));
    }
  }
  return { name, width, height, rgb };
}

function waves(i: number): Paint {
  return (x, y) => {
    const wave = (k: number) => Math.sin(x * (k * 7 + i) + y * (k * 5 - i * 2) + k * i);
    return [128 + 90 * wave(1) + 30 * wave(4), 128 + 110 * wave(2), 128 + 60 * wave(3) + 60 * wave(5)];
  };
}

function discs(i: number): Paint {
  const all = Array.from({ length: 7 }, (_, k) => {
    const place = (n: number) => ((k * n + i * 31) % 97) / 97;
    return { x: place(37), y: place(53), r: 0.05 + 0.2 * place(71), shade: 255 * place(89) };
  });
  return (x, y) => {
    const on = all.findLast((disc) => (disc.x - x) ** 2 + (disc.y - y) ** 2 < disc.r ** 2);
    return on ? [on.shade, 255 - on.shade, on.shade / 2] : [200, 180 - 60 * y, 150 + 80 * x];
  };
}

function blocks(i: number): Paint {
  return (x, y) => {
    const [r, g, b] = grain(Math.floor(x * (3 + i)) + i * 13, Math.floor(y * (4 + i)));
    return [r, g, b];
  };
}

function grain(x: number, y: number): Colour {
  const mixed = Math.imul(Math.imul(Math.round(x) + 1, 0x9e37_79b1) ^ (Math.round(y) + 7), 0x85eb_ca6b);
  const spread = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae35);
  return [spread >>> 24, (spread >>> 16) & 255, (spread >>> 8) & 255];
}
