import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import sharp from "sharp";
import { sketched, testCard } from "../../models/recipes/pdq/pictures.ts";
import { BUILT_IN_CATEGORIES, type Category } from "../../src/contract/categories.ts";
import { DEFAULT_LIMITS } from "../../src/contract/limits.ts";
import { fingerprintOf } from "../../src/detectors/image/hashes/fingerprint.ts";
import { KnownPictures } from "../../src/detectors/image/hashes/known-pictures.ts";
import { hashesToList } from "../../src/detectors/image/hashes/listing.ts";
import { decodeImage } from "../../src/models/decode.ts";
import { type PdqHash, pdqDistance } from "../../src/models/pdq/hash.ts";
import {
  ORIENTATIONS,
  type Orientation,
  PDQ_MAX_DISTANCE,
  PDQ_MIN_QUALITY,
  type Pdq,
  pdqOf,
} from "../../src/models/pdq/pdq.ts";
import { quantile, round } from "./harness.ts";
import { COPIES, type Copy, TURNED } from "./hash-copies.ts";

interface Sample {
  readonly set: string;
  readonly name: string;
  readonly bytes: Uint8Array;
}

const THINGS = ["boat", "cat", "castle", "dog", "horse", "tree", "bridge", "car", "bird", "house"];
const PLACES = ["on a lake at sunset", "in a garden", "in the mountains, winter", "by the sea", "in a city at night"];
const STYLES = ["", ", watercolor", ", oil painting", ", pencil sketch"];
const ICONS = 60;

/** As many scenes as there are seeds and words: each of another thing in another place. */
export async function scenes(count: number): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (let i = 0; i < count; i++) {
    const style = STYLES[Math.floor(i / (THINGS.length * PLACES.length)) % STYLES.length];
    const place = PLACES[Math.floor(i / THINGS.length) % PLACES.length];
    const prompt = `a ${THINGS[i % THINGS.length]} ${place}${style}`;
    const { rgb, width, height } = await sketched(prompt, prompt, 512, 512, i);
    samples.push({ set: "scenes", name: prompt, bytes: await png(rgb, width, height) });
  }
  return samples;
}

async function icons(): Promise<readonly Sample[]> {
  const { icons: all } = createRequire(import.meta.url)("@iconify-json/fluent-emoji-flat/icons.json") as {
    icons: Record<string, { body: string }>;
  };
  const names = Object.keys(all);
  const chosen = Array.from({ length: ICONS }, (_, i) => names[Math.floor(((i + 0.5) * names.length) / ICONS)] ?? "");
  return Promise.all(
    chosen.map(async (name, i) => {
      const hue = (i * 47) % 360;
      const body = `<rect width="32" height="32" fill="hsl(${hue} 60% 80%)"/>${all[name]?.body ?? ""}`;
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" viewBox="0 0 32 32">${body}</svg>`;
      return { set: "emoji", name, bytes: await sharp(Buffer.from(svg)).png().toBuffer() };
    }),
  );
}

function photographs(folder: string): readonly Sample[] {
  return readdirSync(folder)
    .sort()
    .map((name) => ({ set: "photographs", name, bytes: readFileSync(join(folder, name)) }));
}

function png(rgb: Uint8Array, width: number, height: number): Promise<Buffer> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

async function hashed(bytes: Uint8Array): Promise<Pdq | undefined> {
  const [frame] = (await decodeImage(bytes, DEFAULT_LIMITS)).frames;
  return frame && pdqOf(frame.rgb, frame.width, frame.height);
}

interface Original {
  readonly hash: PdqHash;
  /** What `safelight hashes add --crops` lists. */
  readonly crops: readonly PdqHash[];
}

async function crops({ bytes }: Sample): Promise<readonly PdqHash[]> {
  const hashes = await hashesToList(await decodeImage(bytes, DEFAULT_LIMITS), true);
  return hashes.filter(({ kind }) => kind === "pdq").map(({ words }) => words);
}

/** A row for each kind of copy: how far from the original, and how many are found at the default distance. */
export async function copyRows(folder: string | undefined) {
  const samples = [...(folder ? photographs(folder) : []), ...(await scenes(40)), ...(await icons())];
  const originals = new Map<Sample, Original>();
  let plain = 0;
  for (const sample of samples) {
    const pdq = await hashed(sample.bytes);
    if (pdq && pdq.quality >= PDQ_MIN_QUALITY) originals.set(sample, { hash: pdq.hash, crops: await crops(sample) });
    else plain += 1;
  }
  const sets = [...new Set(samples.map(({ set }) => set))];
  const rows = [];
  for (const copy of [...COPIES, ...TURNED]) rows.push(await copyRow(copy, originals, sets));
  const counts = sets.map((set) => `${[...originals.keys()].filter((sample) => sample.set === set).length} ${set}`);
  return { rows, pictures: counts.join(", "), too_plain: plain };
}

async function copyRow(copy: Copy, originals: ReadonlyMap<Sample, Original>, sets: readonly string[]) {
  const distances = new Map<string, number[]>(sets.map((set) => [set, []]));
  const turned: number[] = [];
  const listed: number[] = [];
  for (const [sample, original] of originals) {
    const made = await hashed(await copy.make(sample.bytes));
    const known = made && made.quality >= PDQ_MIN_QUALITY;
    distances.get(sample.set)?.push(known ? pdqDistance(original.hash, made.hash) : 256);
    listed.push(known ? Math.min(...original.crops.map((hash) => pdqDistance(hash, made.hash))) : 256);
    if (!TURNED.includes(copy) || !known) continue;
    const all = (Object.keys(ORIENTATIONS) as Orientation[]).map((each) =>
      pdqDistance(original.hash, made.turned(each)),
    );
    turned.push(Math.min(...all));
  }
  const found = (all: readonly number[]) =>
    all.length === 0 ? "" : `${round((100 * all.filter((each) => each <= PDQ_MAX_DISTANCE).length) / all.length, 1)} %`;
  const all = [...distances.values()].flat().sort((a, b) => a - b);
  return {
    copy: copy.name,
    p50: quantile(all, 0.5),
    p95: quantile(all, 0.95),
    max: all.at(-1),
    found: found(all),
    ...Object.fromEntries([...distances].map(([set, of]) => [`of ${set}`, found(of)])),
    "with --crops": found(listed),
    "with orientations": found(turned),
  };
}

/** How near any two pictures come that are not the same. */
export async function falseMatches(folder: string | undefined) {
  const samples = [...(folder ? photographs(folder) : []), ...(await scenes(200)), ...(await icons())];
  const hashes: { readonly name: string; readonly pdq: Pdq }[] = [];
  for (const { name, bytes } of samples) {
    const pdq = await hashed(bytes);
    if (pdq && pdq.quality >= PDQ_MIN_QUALITY) hashes.push({ name, pdq });
  }
  const near: string[] = [];
  let pairs = 0;
  let least = 256;
  for (const [i, one] of hashes.entries()) {
    for (const other of hashes.slice(i + 1)) {
      const distance = pdqDistance(one.pdq.hash, other.pdq.hash);
      pairs += 1;
      least = Math.min(least, distance);
      if (distance <= PDQ_MAX_DISTANCE) near.push(`${one.name} and ${other.name}: ${distance}`);
    }
  }
  return { pictures: hashes.length, pairs, "least distance": least, "false matches": near.length, which: near };
}

/** Copies of the test cards against the list that ships. */
export async function cardRows() {
  const known = await KnownPictures.open(["test-cards"], ".");
  const options = { distance: PDQ_MAX_DISTANCE, min_quality: PDQ_MIN_QUALITY, orientations: false };
  const lookUp = async (bytes: Uint8Array) => {
    const fingerprint = await fingerprintOf(await decodeImage(bytes, DEFAULT_LIMITS), false);
    return known.match(fingerprint, options);
  };
  const cards = new Map<Category, Uint8Array>();
  for (const category of BUILT_IN_CATEGORIES) {
    const { rgb, width, height } = await testCard(category, 1, 512, 512);
    cards.set(category, await png(rgb, width, height));
  }
  const rows = [];
  for (const copy of COPIES) {
    let [found, nearestRight, others] = [0, 0, 0];
    let furthest = 0;
    for (const [category, bytes] of cards) {
      const matches = await lookUp(await copy.make(bytes));
      const own = matches.find(({ listed }) => listed.category === category);
      if (own) found += 1;
      if (own) furthest = Math.max(furthest, own.distance);
      if (matches[0]?.listed.category === category) nearestRight += 1;
      if (matches.some(({ listed }) => listed.category !== category)) others += 1;
    }
    const cells = {
      cards: cards.size,
      found,
      "nearest is right": nearestRight,
      "another category too": others,
      furthest,
    };
    rows.push({ copy: copy.name, ...cells });
  }
  let sceneMatches = 0;
  for (const { bytes } of await scenes(200)) if ((await lookUp(bytes)).length > 0) sceneMatches += 1;
  return { rows, scenes: 200, scenes_matched: sceneMatches };
}
