import { createRequire } from "node:module";
import sharp, { type Sharp } from "sharp";
import { z } from "zod";
import colourFields from "./colour-fields.json" with { type: "json" };
import { animation } from "./seeds.ts";

export interface Sample {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const SIZES = [
  [512, 512],
  [224, 224],
  [320, 200],
  [90, 400],
  [225, 223],
  [64, 64],
  [700, 130],
  [384, 512],
] as const;
const FORMATS = ["png", "jpeg", "webp", "gif", "tiff"] as const;
const COLOURS = ["#f2d2b6", "#c68863", "#7a4a2b", "#ffe3ec", "#203040", "#3a7", "#fc3", "#eee", "#111", "#b03060"];

/** Without these all pictures would be plainly Neutral, and agreement about the other classes would show nothing. */
const fields: Readonly<Record<string, string>> = colourFields.fields;

const Icons = z.object({ icons: z.record(z.string(), z.object({ body: z.string() })) });

/**
 * Some seventy harmless pictures, the same ones in every run: gradients, noise, shapes, sketches, skin-coloured forms, icons on
 * backgrounds and colour fields that the model mistakes, in many sizes, proportions and formats. For agreement between two classifiers, not for accuracy.
 */
export async function variedPictures(): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const add = async (name: string, draw: (width: number, height: number) => Sharp): Promise<void> => {
    const [width, height] = SIZES[samples.length % SIZES.length] ?? [64, 64];
    const format = FORMATS[samples.length % FORMATS.length] ?? "png";
    const bytes = await draw(width, height).toFormat(format).toBuffer();
    samples.push({ name: `${name}, ${width} × ${height} ${format}`, bytes });
  };
  for (let i = 0; i < 8; i++) await add(`gradient ${i}`, (w, h) => vector(w, h, gradient(i)));
  for (let i = 0; i < 8; i++) await add(`noise ${i}`, (w, h) => noise(w, h, i));
  for (let i = 0; i < 10; i++) await add(`shapes ${i}`, (w, h) => vector(w, h, shapes(i)));
  for (let i = 0; i < 8; i++) await add(`sketch ${i}`, (w, h) => vector(w, h, sketch(i)));
  for (let i = 0; i < 8; i++) await add(`rounded forms ${i}`, (w, h) => vector(w, h, forms(i)));
  const icons = iconBodies();
  for (let i = 0; i < 16; i++) {
    const [name, body] = icons[Math.floor(((i + 0.5) * icons.length) / 16)] ?? ["none", ""];
    await add(`icon ${name}`, (w, h) => vector(w, h, `${gradient(i)}<svg viewBox="0 0 32 32">${body}</svg>`));
  }
  for (const [name, grid] of Object.entries(fields)) {
    const field = sharp(Buffer.from(grid, "base64"), { raw: { width: 16, height: 16, channels: 3 } });
    samples.push({ name: `colour field ${name}`, bytes: await field.clone().png().toBuffer() });
    await add(`colour field ${name}`, (width, height) => field.clone().resize(width, height, { fit: "fill" }));
  }
  samples.push({ name: "animated GIF", bytes: await animation("gif", 5) });
  return samples;
}

function iconBodies(): readonly (readonly [name: string, body: string])[] {
  const { icons } = Icons.parse(createRequire(import.meta.url)("@iconify-json/fluent-emoji-flat/icons.json"));
  return Object.entries(icons).map(([name, { body }]) => [name, body]);
}

function vector(width: number, height: number, body: string): Sharp {
  const size = `width="${width}" height="${height}"`;
  return sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 100 100" preserveAspectRatio="none">${body}</svg>`,
    ),
  ).flatten();
}

function colour(i: number): string {
  return COLOURS[i % COLOURS.length] ?? "#888";
}

function gradient(i: number): string {
  const stops = `<stop stop-color="${colour(i)}"/><stop offset="1" stop-color="${colour(i * 3 + 1)}"/>`;
  const kind = i % 2 ? "radialGradient" : "linearGradient";
  return `<${kind} id="g">${stops}</${kind}><rect width="100" height="100" fill="url(#g)"/>`;
}

function noise(width: number, height: number, i: number): Sharp {
  const data = new Uint8Array(width * height * 3);
  let state = i + 1;
  for (let at = 0; at < data.length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    data[at] = i % 2 ? state >>> 24 : 90 + i * 10 + (state >>> 27);
  }
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  return i < 4 ? image : image.blur(i);
}

function shapes(i: number): string {
  const pieces = Array.from({ length: 4 + i }, (_, k) => {
    const [x, y, r] = [(k * 37 + i * 11) % 90, (k * 53 + i * 29) % 90, 6 + ((k * 7) % 25)];
    return k % 2
      ? `<circle cx="${x}" cy="${y}" r="${r}" fill="${colour(k + i)}"/>`
      : `<rect x="${x}" y="${y}" width="${r * 2}" height="${r}" fill="${colour(k * 2 + i)}" transform="rotate(${k * 17})"/>`;
  });
  return `<rect width="100" height="100" fill="${colour(i + 5)}"/>${pieces.join("")}`;
}

function sketch(i: number): string {
  const lines = Array.from({ length: 6 + i * 2 }, (_, k) => {
    const at = (n: number) => (k * n + i * 31) % 100;
    return `<path d="M${at(13)} ${at(29)} Q${at(41)} ${at(7)} ${at(61)} ${at(83)} T${at(19)} ${at(97)}"/>`;
  });
  return `<rect width="100" height="100" fill="#fff"/><g fill="none" stroke="#222" stroke-width="1">${lines.join("")}</g>`;
}

function forms(i: number): string {
  const blobs = Array.from({ length: 3 + (i % 4) }, (_, k) => {
    const [x, y] = [20 + ((k * 31 + i * 7) % 60), 20 + ((k * 23 + i * 13) % 60)];
    return `<ellipse cx="${x}" cy="${y}" rx="${14 + ((k * 5) % 12)}" ry="${20 + ((i * 3) % 15)}" fill="${colour(k % 4)}" opacity="0.9"/>`;
  });
  return `${gradient(i + 4)}<g>${blobs.join("")}</g>`;
}
