/**
 * Known pictures: how long a hash and a look-up among a million take; with `--clusters` how long it takes to group pictures that are
 * near copies of each other, and with `--robustness` how far copies get.
 *
 *   node bench/hashes.ts [--entries N] [--json]
 *   node bench/hashes.ts --clusters [--json]
 *   node bench/hashes.ts --robustness [--pictures FOLDER] [--json]     FOLDER: harmless photographs of your own
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_LIMITS } from "../src/contract/limits.ts";
import { openHashes } from "../src/detectors/image/hashes/hashes.ts";
import { KnownPictures } from "../src/detectors/image/hashes/known-pictures.ts";
import { decodeImage } from "../src/models/decode.ts";
import { bitsIn, pdqToHex } from "../src/models/pdq/hash.ts";
import { PdqIndex } from "../src/models/pdq/neighbours.ts";
import { PDQ_MAX_DISTANCE, pdqOf } from "../src/models/pdq/pdq.ts";
import { picture } from "../test/pictures/seeds.ts";
import { measure, type Row, report, round } from "./support/harness.ts";
import { clusterRow } from "./support/hash-clusters.ts";
import { cardRows, copyRows, falseMatches } from "./support/hash-robustness.ts";

const QUERIES = 1_000;
/** A list whose pictures come in families: so many copies of each, at most so many bits off. */
const FAMILY = { members: 1_000, bits: 24 };

function random(words: number): Uint32Array {
  const filled = new Uint32Array(words);
  for (let at = 0; at < words; at += 16_384) crypto.getRandomValues(filled.subarray(at, Math.min(words, at + 16_384)));
  return filled;
}

/** Another hash, exactly `bits` bits off. */
function off(hash: Uint32Array, bits: number): Uint32Array {
  const other = hash.slice();
  for (const bit of chosen(256, bits)) other[bit >>> 5] = (other[bit >>> 5] ?? 0) ^ (1 << (bit & 31));
  return other;
}

/** `count` different numbers below `below`. */
function chosen(below: number, count: number): ReadonlySet<number> {
  const numbers = new Set<number>();
  while (numbers.size < count) numbers.add(Math.floor(Math.random() * below));
  return numbers;
}

function hashAt(words: Uint32Array, at: number): Uint32Array {
  return words.slice(at * 8, at * 8 + 8);
}

/** As real ones have it, half of the bits set: those above the median. */
function balanced(entries: number): Uint32Array {
  const words = random(entries * 8);
  for (let at = 0; at < entries; at++) {
    const own = words.subarray(at * 8, at * 8 + 8);
    let surplus = own.reduce((sum, word) => sum + bitsIn(word), 0) - 128;
    for (let bit = Math.floor(Math.random() * 256); surplus !== 0; bit = (bit + 101) % 256) {
      const [word, mask] = [bit >>> 5, 1 << (bit & 31)];
      const isSet = ((own[word] ?? 0) & mask) !== 0;
      if (isSet !== surplus > 0) continue;
      own[word] = (own[word] ?? 0) ^ mask;
      surplus += isSet ? -1 : 1;
    }
  }
  return words;
}

/** Each hash is near to the first of its family, which is far from all others. */
function families(entries: number, members: number): Uint32Array {
  const words = new Uint32Array(entries * 8);
  const first = random(Math.ceil(entries / members) * 8);
  for (let at = 0; at < entries; at++) {
    const of = hashAt(first, Math.floor(at / members));
    const own = at % members === 0 ? of : off(of, Math.floor(Math.random() * (FAMILY.bits + 1)));
    words.set(own, at * 8);
  }
  return words;
}

interface Built {
  readonly index: PdqIndex;
  readonly ms: number;
  readonly mib: number;
}

async function build(words: Uint32Array): Promise<Built> {
  globalThis.gc?.();
  const before = process.memoryUsage();
  const start = performance.now();
  const index = await PdqIndex.build(words);
  const ms = performance.now() - start;
  const after = process.memoryUsage();
  return { index, ms, mib: (after.arrayBuffers - before.arrayBuffers + words.byteLength) / 2 ** 20 };
}

async function indexRows(name: string, words: Uint32Array, { index }: Built): Promise<Row[]> {
  const size = words.length / 8;
  const rows: Row[] = [];
  const hits = Array.from({ length: QUERIES }, () => {
    const at = Math.floor(Math.random() * size);
    return { at, hash: off(hashAt(words, at), Math.floor(Math.random() * (PDQ_MAX_DISTANCE + 1))) };
  });
  rows.push(
    await measure(
      `${name}: a copy of one of them, up to ${PDQ_MAX_DISTANCE} bits off`,
      (i) => {
        const { at, hash } = hits[i % QUERIES] ?? { at: 0, hash: new Uint32Array(8) };
        return index.within(hash, PDQ_MAX_DISTANCE).some((near) => near.at === at);
      },
      {
        iterations: QUERIES,
        check: (found) => {
          if (!found) throw new Error("a copy was not found: not worth timing");
        },
      },
    ),
  );
  const misses = Array.from({ length: QUERIES }, () => random(8));
  const miss = (i: number) => index.within(misses[i % QUERIES] ?? random(8), PDQ_MAX_DISTANCE).length;
  rows.push(await measure(`${name}: unknown`, miss, { iterations: QUERIES }));
  return rows;
}

async function speed(entries: number): Promise<void> {
  const rows: Row[] = [];
  for (const side of [512, 1024, 2048]) {
    const [frame] = (await decodeImage(await picture(side, side).png().toBuffer(), DEFAULT_LIMITS)).frames;
    if (!frame) throw new Error("no frame");
    const hash = () => pdqOf(frame.rgb, side, side);
    rows.push(await measure(`PDQ of decoded pixels, ${side}²`, hash, { iterations: 50, warmup: 20 }));
  }
  const words = balanced(entries);
  const built = await build(words);
  rows.push(...(await indexRows(`${entries} hashes`, words, built)));
  const related = families(entries, FAMILY.members);
  const clustered = await build(related);
  rows.push(...(await indexRows(`${entries} hashes in families of ${FAMILY.members}`, related, clustered)));

  const folder = mkdtempSync(join(tmpdir(), "safelight-bench-"));
  const file = join(folder, "list.txt");
  try {
    const out = openSync(file, "w");
    writeSync(out, "# category: unsafe\n");
    for (let at = 0; at < entries; at += 10_000) {
      const lines = Array.from({ length: Math.min(10_000, entries - at) }, (_, i) => pdqToHex(hashAt(words, at + i)));
      writeSync(out, `${lines.join("\n")}\n`);
    }
    closeSync(out);
    const start = performance.now();
    const used = process.threadCpuUsage();
    const stalls = longestStall();
    const known = await KnownPictures.open([file], folder);
    const listMs = performance.now() - start;
    const longest = stalls.end();
    const { user, system } = process.threadCpuUsage(used);
    if (known.size !== entries) throw new Error(`${known.size} entries were read`);
    const detector = await openHashes(
      { lists: [file], distance: PDQ_MAX_DISTANCE, min_quality: 50, orientations: true, notes: false },
      { folder, limits: DEFAULT_LIMITS },
    );
    const bytes = await picture(512, 512).png().toBuffer();
    const never = new AbortController().signal;
    const inspect = async () => detector.inspect(await decodeImage(bytes, DEFAULT_LIMITS), never);
    rows.push(await measure("encoded PNG 512² to findings, orientations too", inspect, { iterations: 100 }));
    report("Known pictures", rows, {
      "index: built, ms": round(built.ms, 0),
      "index: memory, MiB": round(built.mib, 0),
      "list file to index, ms": round(listMs, 0),
      "of which on the main thread, ms": round((user + system) / 1000, 0),
      "longest stall of the event loop meanwhile, ms": round(longest, 1),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How long other work has to wait at most. */
function longestStall() {
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 1);
    last = now;
  }, 1);
  return {
    end() {
      clearInterval(timer);
      return longest;
    },
  };
}

async function clusters(): Promise<void> {
  const rows = [];
  for (const [entries, members] of [
    [50_000, 10],
    [1_000_000, 10],
    [1_000_000, 1_000],
  ] as const) {
    const name = `${entries} pictures in families of ${members}`;
    rows.push(await clusterRow(name, families(entries, members), members));
  }
  report(`Near copies of each other, at ${PDQ_MAX_DISTANCE}`, rows);
}

async function robustness(folder: string | undefined): Promise<void> {
  const { rows, ...about } = await copyRows(folder);
  report(`Copies of pictures: bits off, and found at ${PDQ_MAX_DISTANCE}`, rows, about);
  report("Different pictures", [], await falseMatches(folder));
  const { rows: cards, ...scenes } = await cardRows();
  report("Copies of the test cards, against policies/hashes/test-cards.txt", cards, scenes);
}

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    clusters: { type: "boolean" },
    robustness: { type: "boolean" },
    pictures: { type: "string" },
    entries: { type: "string", default: "1000000" },
  },
});
if (values.robustness) await robustness(values.pictures);
else if (values.clusters) await clusters();
else await speed(Number(values.entries));
