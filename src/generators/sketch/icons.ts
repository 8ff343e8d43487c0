import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { type Hex, hexOf } from "./colour.ts";

/** A drawing in a box of 32 by 32, with what must be known to place it. */
export interface Icon {
  readonly body: string;
  /** The part that is painted, in units of the box. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** The colour that covers most of it. */
  readonly main: Hex;
}

export const ICON_BOX = 32;
const RASTER = 48;
const FILE = "@iconify-json/fluent-emoji-flat/icons.json";

/**
 * The vector art of Fluent Emoji Flat (MIT). Its file holds nine megabytes, mostly shades of skin that are never drawn,
 * so it is read once, cut into pieces without being parsed, and let go.
 */
export class IconSet {
  readonly #wanted: ReadonlySet<string>;
  #bodies: Promise<ReadonlyMap<string, string>> | undefined;
  readonly #icons = new Map<string, Icon>();

  constructor(wanted: ReadonlySet<string>) {
    this.#wanted = wanted;
  }

  /** Reads the file, unless it was read before. A failure is forgotten, so that the next call tries again. */
  load(): Promise<ReadonlyMap<string, string>> {
    this.#bodies ??= readBodies(this.#wanted).catch((error: unknown) => {
      this.#bodies = undefined;
      throw error;
    });
    return this.#bodies;
  }

  /** @param drawn further drawings, by name, that are not in the set. @returns those that exist. */
  async get(names: Iterable<string>, drawn: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, Icon>> {
    const bodies = await this.load();
    const asked = [...new Set(names)];
    const missing = asked.flatMap((name) => {
      const body = drawn.get(name) ?? bodies.get(name);
      return this.#icons.has(name) || body === undefined ? [] : [{ name, body }];
    });
    for (const [name, icon] of await measured(missing)) this.#icons.set(name, icon);
    return new Map(
      asked.flatMap((name) => {
        const icon = this.#icons.get(name);
        return icon ? [[name, icon] as const] : [];
      }),
    );
  }
}

async function readBodies(wanted: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const file = await readFile(fileURLToPath(import.meta.resolve(FILE)));
  const bodies = new Map<string, string>();
  const key = Buffer.from('": {\n\t\t\t"body": "');
  for (let at = file.indexOf(key); at >= 0; at = file.indexOf(key, at + key.length)) {
    const name = file.toString("latin1", file.lastIndexOf(0x22, at - 1) + 1, at);
    if (!wanted.has(name)) continue;
    const start = at + key.length;
    const body: unknown = JSON.parse(file.toString("utf8", start - 1, file.indexOf("\n", start)).replace(/,$/, ""));
    if (typeof body === "string") bodies.set(name, body);
  }
  return bodies;
}

/** All in one strip, rasterised once. */
async function measured(drawings: readonly { name: string; body: string }[]): Promise<readonly [string, Icon][]> {
  if (drawings.length === 0) return [];
  const strip = drawings
    .map(({ body }, i) => `<g transform="translate(0 ${i * RASTER}) scale(${RASTER / ICON_BOX})">${body}</g>`)
    .join("");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${RASTER}" height="${RASTER * drawings.length}">${strip}</svg>`;
  const pixels = await sharp(Buffer.from(svg)).ensureAlpha().raw().toBuffer();
  const size = RASTER * RASTER * 4;
  return drawings.map(({ name, body }, i) => [name, measure(body, pixels.subarray(i * size, (i + 1) * size))]);
}

function measure(body: string, rgba: Uint8Array): Icon {
  let [left, top, right, bottom] = [RASTER, RASTER, 0, 0];
  const areas = new Map<number, { count: number; red: number; green: number; blue: number }>();
  for (let at = 0; at < rgba.length; at += 4) {
    if ((rgba[at + 3] ?? 0) < 100) continue;
    const x = (at / 4) % RASTER;
    const y = Math.floor(at / 4 / RASTER);
    left = Math.min(left, x);
    right = Math.max(right, x + 1);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + 1);
    const [red = 0, green = 0, blue = 0] = rgba.subarray(at, at + 3);
    const bin = ((red >> 5) << 6) | ((green >> 5) << 3) | (blue >> 5);
    const area = areas.get(bin) ?? { count: 0, red: 0, green: 0, blue: 0 };
    areas.set(bin, {
      count: area.count + 1,
      red: area.red + red,
      green: area.green + green,
      blue: area.blue + blue,
    });
  }
  const largest = [...areas.values()].toSorted((a, b) => b.count - a.count)[0];
  const unit = ICON_BOX / RASTER;
  return {
    body,
    left: Math.min(left, right) * unit,
    top: Math.min(top, bottom) * unit,
    width: Math.max(1, right - left) * unit,
    height: Math.max(1, bottom - top) * unit,
    main: largest
      ? hexOf([largest.red / largest.count, largest.green / largest.count, largest.blue / largest.count])
      : "#888888",
  };
}
