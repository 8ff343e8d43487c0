/** 256 bits as eight 32-bit words: the first word is the first eight hexadecimal digits. */
export type PdqHash = Uint32Array;

export const PDQ_BITS = 256;
export const PDQ_WORDS = 8;

/** As ThreatExchange writes it: 64 lower-case hexadecimal digits. */
export function pdqToHex(hash: PdqHash): string {
  return Array.from(hash, (word) => word.toString(16).padStart(8, "0")).join("");
}

/** By character code: the value of a hexadecimal digit, or 16. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 16 : value;
});

/** @returns undefined for anything but 64 hexadecimal digits */
export function pdqFromHex(hex: string): PdqHash | undefined {
  if (hex.length !== PDQ_BITS / 4) return undefined;
  const hash = new Uint32Array(PDQ_WORDS);
  for (let i = 0; i < hex.length; i++) {
    const value = DIGITS[hex.charCodeAt(i)] ?? 16;
    if (value === 16) return undefined;
    hash[i >>> 3] = ((hash[i >>> 3] as number) << 4) | value;
  }
  return hash;
}

/** The Hamming distance: in how many of the 256 bits two hashes differ. */
export function pdqDistance(a: PdqHash, b: PdqHash): number {
  let distance = 0;
  for (let i = 0; i < PDQ_WORDS; i++) distance += bitsIn((a[i] ?? 0) ^ (b[i] ?? 0));
  return distance;
}

/** The distance to one of many hashes; some number above `most` where it is more. */
export function pdqDistanceAt(hash: PdqHash, words: Uint32Array, at: number, most: number): number {
  const start = at * PDQ_WORDS;
  let distance = 0;
  for (let i = 0; i < PDQ_WORDS && distance <= most; i++) {
    distance += bitsIn((hash[i] as number) ^ (words[start + i] as number));
  }
  return distance;
}

/** How many bits of a hash are set. PDQ sets those above the median, so never more than 128. */
export function pdqBitsSet(hash: PdqHash): number {
  let bits = 0;
  for (let i = 0; i < PDQ_WORDS; i++) bits += bitsIn(hash[i] ?? 0);
  return bits;
}

/** How many bits of a 32-bit word are set, in parallel sums of 2, 4 and 8 bits. */
export function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const nibbles = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
