import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { sketched } from "../../models/recipes/pdq/pictures.ts";
import { type FontName, type Lettering, widthOf } from "../../test/detectors/text-in-image-pictures.ts";
import { variedPictures } from "../../test/pictures/varied.ts";

/** Words that are looked for: harmless ones, that hold all letters but q and x. */
export const WORDS = (
  "walnut lantern harbour pepper marble copper velvet saddle thunder ginger cabbage feather jacket blanket puzzle yogurt " +
  "kitchen meadow wizard basket"
).split(" ");

const THINGS = ["boat", "cat", "castle", "dog", "horse", "tree", "bridge", "bird"];
const PLACES = ["on a lake at sunset", "in a garden", "in the mountains, winter", "by the sea", "in a city at night"];

/** A scene of the built-in generator, without the corner that says so in letters. */
export async function scene(i: number, side: number): Promise<Buffer> {
  const whole = Math.ceil((side * 1.1) / 8) * 8;
  const prompt = `a ${THINGS[i % THINGS.length]} ${PLACES[i % PLACES.length]}`;
  const { rgb, width, height } = await sketched(prompt, prompt, whole, whole, i);
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .extract({ left: 0, top: 0, width: side, height: side })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** What words can stand on. Each is easy for a person to read at 16 pixels. */
export const GROUNDS: readonly {
  readonly name: string;
  readonly colour: string;
  readonly outline?: string;
  on(i: number, side: number): Promise<string | Buffer>;
}[] = [
  { name: "dark on light", colour: "#202020", on: async () => "#e8e4da" },
  { name: "light on dark", colour: "#f4f4f4", on: async () => "#20304a" },
  { name: "on a scene, outlined", colour: "#ffffff", outline: "#000000", on: scene },
  { name: "on grain", colour: "#ffffff", outline: "#101030", on: grain },
];

function grain(i: number, side: number): Promise<Buffer> {
  const rgb = new Uint8Array(side * side * 3);
  let state = i + 1;
  for (let at = 0; at < rgb.length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    rgb[at] = 60 + (state >>> 25);
  }
  const raw = { width: side, height: side, channels: 3 } as const;
  return sharp(rgb, { raw }).png({ compressionLevel: 1 }).toBuffer();
}

/** The words beside each other, or below each other where they would not fit. */
export function lines(words: readonly string[], side: number, size: number, font: FontName): readonly Lettering[] {
  const margin = Math.max(8, Math.round(side * 0.04));
  const together = words.join(" ");
  const texts = widthOf(together, size, font) <= side - 2 * margin ? [together] : words;
  const top = Math.round(side * 0.4);
  return texts.map((text, i): Lettering => ({ text, x: margin, y: Math.round(top + i * size * 1.6), size, font }));
}

export interface Plain {
  readonly set: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Pictures without letters. @param folder of photographs that hold none, or undefined */
export async function withoutText(scenes: number, folder: string | undefined): Promise<readonly Plain[]> {
  const plain: Plain[] = [];
  for (let i = 0; i < scenes; i++) plain.push({ set: "scenes", name: `scene ${i}`, bytes: await scene(i, 512) });
  for (const sample of await variedPictures()) plain.push({ set: "shapes, noise, icons", ...sample });
  if (folder === undefined) return plain;
  for (const name of readdirSync(folder).sort()) {
    if (!/\.(?:png|jpe?g|webp)$/i.test(name)) continue;
    plain.push({ set: "photographs", name, bytes: readFileSync(join(folder, name)) });
  }
  return plain;
}
