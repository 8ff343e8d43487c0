import { partsOf, withChecksums } from "./parts.ts";
import type { Random } from "./random.ts";

export interface Case {
  /** The seed's name and what was done to it. */
  readonly name: string;
  readonly bytes: Buffer;
  /** The seed that it must look like, where it decodes at all: nothing of the picture itself was touched. */
  readonly sameAs: string | undefined;
}

export type Seeds = Readonly<Record<string, Buffer>>;

interface Mutation {
  readonly name: string;
  mutate(bytes: Buffer, random: Random, seeds: Seeds): Buffer;
}

const INTERESTING = [
  0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];

/** What files of two kinds begin or end with. */
const STRANGERS = [
  "PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0aPK\x05\x06\0\0\0\0",
  "/*\0*/=1;alert(1)//",
  "<script>alert(1)</script>",
  "<svg xmlns='http://www.w3.org/2000/svg'/>",
  "%PDF-1.7\n%%EOF",
  "\x89PNG\r\n\x1a\n",
  "GIF89a",
];

/** Leaves the picture itself as it is: it decodes to the same, or not at all. */
const AROUND: readonly Mutation[] = [
  { name: "cut short", mutate: (bytes, random) => bytes.subarray(0, random.below(bytes.length)) },
  {
    name: "with a stranger behind",
    mutate: (bytes, random) => Buffer.concat([bytes, Buffer.from(random.of(STRANGERS), "latin1")]),
  },
  {
    name: "with a second picture behind",
    mutate: (bytes, random, seeds) => Buffer.concat([bytes, random.of(Object.values(seeds))]),
  },
  {
    name: "with noise behind",
    mutate: (bytes, random) => Buffer.concat([bytes, noise(random, 1 + random.below(200))]),
  },
];

const DAMAGE: readonly Mutation[] = [
  {
    name: "bits flipped",
    mutate: (bytes, random) => {
      const copy = Buffer.from(bytes);
      for (let i = random.below(8); i >= 0; i--) {
        const at = place(copy, random);
        copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
      }
      return copy;
    },
  },
  {
    name: "an odd number written",
    mutate: (bytes, random) => {
      const copy = Buffer.from(bytes);
      write(copy, place(copy, random), random.of([1, 2, 4] as const), random.below(2) === 0, random.of(INTERESTING));
      return copy;
    },
  },
  {
    name: "a length that lies",
    mutate: (bytes, random) => {
      const copy = Buffer.from(bytes);
      const parts = partsOf(copy);
      if (parts.length === 0) return copy;
      const { lengthAt, lengthBytes, little } = random.of(parts);
      write(copy, lengthAt, lengthBytes, little, random.of(INTERESTING));
      return copy;
    },
  },
  {
    name: "a part twice",
    mutate: (bytes, random) => {
      const parts = partsOf(bytes);
      if (parts.length === 0) return bytes;
      const { start, end } = random.of(parts);
      const to = random.of(parts).end;
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(start, end), bytes.subarray(to)]);
    },
  },
  {
    name: "a part left out",
    mutate: (bytes, random) => {
      const parts = partsOf(bytes);
      if (parts.length === 0) return bytes;
      const { start, end } = random.of(parts);
      return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
    },
  },
  {
    name: "a part damaged",
    mutate: (bytes, random) => {
      const copy = Buffer.from(bytes);
      const parts = partsOf(copy);
      if (parts.length === 0) return copy;
      const { start, end } = random.of(parts);
      for (let i = random.below(3); i >= 0; i--)
        copy[start + random.below(Math.max(1, end - start))] = random.below(256);
      return copy;
    },
  },
  {
    name: "spliced with another",
    mutate: (bytes, random, seeds) => {
      const other = random.of(Object.values(seeds));
      return Buffer.concat([bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length))]);
    },
  },
  {
    name: "with another's part",
    mutate: (bytes, random, seeds) => {
      const other = random.of(Object.values(seeds));
      const [parts, theirs] = [partsOf(bytes), partsOf(other)];
      if (parts.length === 0 || theirs.length === 0) return bytes;
      const { start, end } = random.of(theirs);
      const to = random.of(parts).end;
      return Buffer.concat([bytes.subarray(0, to), other.subarray(start, end), bytes.subarray(to)]);
    },
  },
  {
    name: "a piece left out or filled",
    mutate: (bytes, random) => {
      const at = place(bytes, random);
      const length = 1 + random.below(64);
      if (random.below(2) === 0) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
      return Buffer.from(bytes).fill(random.of([0, 255]), at, Math.min(at + length, bytes.length));
    },
  },
  {
    name: "noise put in",
    mutate: (bytes, random) => {
      const at = place(bytes, random);
      return Buffer.concat([bytes.subarray(0, at), noise(random, 1 + random.below(40)), bytes.subarray(at)]);
    },
  },
  {
    name: "huge dimensions",
    mutate: (bytes, random) => {
      const copy = Buffer.from(bytes);
      const at = dimensionsAt(copy);
      if (at === undefined) return copy;
      const [offset, size, little] = at;
      for (const i of [0, 1])
        if (random.below(3) > 0)
          write(copy, offset + i * size, size, little, random.of([1, 9_000, 30_000, 65_535, 0x7fff_ffff, 0xffff_ffff]));
      return copy;
    },
  },
];

/** Half of the time among the first 200 bytes, where headers are. */
function place(bytes: Buffer, random: Random): number {
  return random.below(Math.max(1, random.below(2) === 0 ? Math.min(200, bytes.length) : bytes.length));
}

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}

function write(bytes: Buffer, at: number, size: 1 | 2 | 4, little: boolean, value: number): void {
  for (let i = 0; i < size && at + i < bytes.length; i++)
    bytes[at + i] = Math.floor(value / 256 ** (little ? i : size - 1 - i)) % 256;
}

function dimensionsAt(bytes: Buffer): readonly [at: number, size: 2 | 4, little: boolean] | undefined {
  const head = bytes.toString("latin1", 0, 12);
  if (head.startsWith("\x89PNG")) return [16, 4, false];
  if (head.startsWith("GIF")) return [6, 2, true];
  if (head.startsWith("BM")) return [18, 4, true];
  if (head.startsWith("\xff\xd8")) {
    const frame = partsOf(bytes).find(({ start }) => [0xc0, 0xc1, 0xc2].includes(bytes[start + 1] ?? 0));
    return frame && [frame.start + 5, 2, false];
  }
  if (head.startsWith("ftyp", 4)) {
    const extent = bytes.indexOf("ispe");
    return extent < 0 ? undefined : [extent + 8, 4, false];
  }
  return undefined;
}

/** The case with this number: the same whenever it is asked for, for the same seeds. */
export function caseOf(random: Random, seeds: Seeds): Case {
  const seed = random.of(Object.keys(seeds));
  const original = seeds[seed];
  if (!original) throw new RangeError(seed);
  if (random.below(5) === 0) {
    const { name, mutate } = random.of(AROUND);
    return { name: `${seed}: ${name}`, bytes: mutate(original, random, seeds), sameAs: seed };
  }
  let bytes = original;
  const done: string[] = [];
  for (let i = random.below(3); i >= 0; i--) {
    const { name, mutate } = random.of(DAMAGE);
    bytes = mutate(bytes, random, seeds);
    done.push(name);
  }
  if (bytes.toString("latin1", 1, 4) === "PNG" && random.below(3) > 0) {
    bytes = withChecksums(bytes);
    done.push("checksums made right");
  }
  return { name: `${seed}: ${done.join(", ")}`, bytes, sameAs: undefined };
}
