import type { ScanCopies, ScanItem } from "../../contract/scan.ts";
import { clustersOf } from "../../models/pdq/clusters.ts";
import { PDQ_WORDS, type PdqHash, pdqDistance, pdqFromHex } from "../../models/pdq/hash.ts";
import { PDQ_MAX_DISTANCE, PDQ_MIN_QUALITY } from "../../models/pdq/pdq.ts";
import type { ScanStore } from "../../store/scans/scan-store.ts";
import { everyItem } from "./pages.ts";

/** Of a SHA-256, as words: what tells pictures apart here. */
const DIGEST_WORDS = 4;
const GROUPS_AT_ONCE = 100;
/** Of more pictures only the bytes are compared: the time to compare looks grows with the square. */
const MOST_LOOKED_AT = 10_000_000;

/** Whether the pictures of a scan are compared by what they look like, too. */
export function comparesLooks(pictures: number): boolean {
  return pictures <= MOST_LOOKED_AT;
}

/**
 * Finds the pictures of a scan that are copies of each other, by their bytes and by what they look like, and keeps them with it. The
 * same scan has the same groups in the same order. Holds 80 bytes a picture, and a line of each that is a copy.
 * @param pictures how many the scan has at most
 */
export async function findCopies(store: ScanStore, scan: string, pictures: number): Promise<void> {
  const seen = new Seen(pictures);
  for await (const item of everyItem(store, scan)) seen.item(item);
  const members = new Map<number, Member>();
  const groups = await seen.groups();
  const wanted = new Set(groups.flat());
  let at = 0;
  for await (const item of everyItem(store, scan)) {
    if (wanted.has(at)) members.set(at, memberOf(item));
    at += 1;
  }
  for (let first = 0; first < groups.length; first += GROUPS_AT_ONCE) {
    const part = groups.slice(first, first + GROUPS_AT_ONCE);
    await store.addCopies(
      scan,
      first,
      part.map((group) => copiesOf(group.flatMap((place) => members.get(place) ?? []))),
    );
  }
}

interface Member {
  readonly key: string;
  readonly pixels: number;
  readonly bytes: number;
  readonly sha256: string | null;
  readonly hash: PdqHash | undefined;
}

function memberOf({ key, width, height, bytes, sha256, pdq }: ScanItem): Member {
  const hash = pdq ? pdqFromHex(pdq.hash) : undefined;
  return { key, pixels: (width ?? 0) * (height ?? 0), bytes, sha256, hash };
}

function copiesOf(members: readonly Member[]): ScanCopies {
  const sorted = members.toSorted((a, b) => b.pixels - a.pixels || b.bytes - a.bytes); // stable: then by their keys
  const first = sorted[0]?.hash;
  const digests = new Set<string | null>();
  return sorted.map(({ key, sha256, hash }) => {
    const same_bytes = digests.has(sha256);
    digests.add(sha256);
    return { key, same_bytes, distance: first && hash ? pdqDistance(first, hash) : 0 };
  });
}

/** Pictures by their place in the scan. */
class Seen {
  readonly #digests: Uint32Array;
  /** Open addressing: a place and one, or 0. */
  readonly #table: Uint32Array;
  /** The first picture with the same bytes, by place. */
  readonly #firsts: Uint32Array;
  /** Of pictures that can be compared by what they look like, and are the first with their bytes. */
  readonly #hashes: Uint32Array;
  readonly #hashed: Uint32Array;
  #hashCount = 0;
  #count = 0;

  constructor(pictures: number) {
    const looked = comparesLooks(pictures) ? pictures : 0;
    this.#digests = new Uint32Array(pictures * DIGEST_WORDS);
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(2 * pictures + 1)));
    this.#firsts = new Uint32Array(pictures);
    this.#hashes = new Uint32Array(looked * PDQ_WORDS);
    this.#hashed = new Uint32Array(looked);
  }

  item({ sha256, pdq }: ScanItem): void {
    const place = this.#count++;
    this.#firsts[place] = place;
    const digest = sha256 === null ? undefined : pdqFromHex(sha256.slice("sha256:".length)); // 64 digits, as a PDQ
    if (!digest) return;
    const first = this.#firstWith(digest.subarray(0, DIGEST_WORDS), place);
    this.#firsts[place] = first;
    const hash = pdq && pdq.quality >= PDQ_MIN_QUALITY ? pdqFromHex(pdq.hash) : undefined;
    if (first !== place || !hash || this.#hashed.length === 0) return;
    this.#hashes.set(hash, this.#hashCount * PDQ_WORDS);
    this.#hashed[this.#hashCount++] = place;
  }

  /** Groups of places of at least two, each in order, and the groups in the order of their first places. */
  async groups(): Promise<number[][]> {
    const near = await clustersOf(this.#hashes.subarray(0, this.#hashCount * PDQ_WORDS), PDQ_MAX_DISTANCE);
    const groups = new Map<number, number[]>();
    for (const cluster of near) {
      const places = cluster.map((i) => this.#hashed[i] ?? 0);
      for (const place of places) groups.set(place, places);
    }
    for (let place = 0; place < this.#count; place++) {
      const first = this.#firsts[place] ?? place;
      if (first === place) continue;
      const group = groups.get(first) ?? [first];
      groups.set(first, group);
      group.push(place);
    }
    return [...new Set(groups.values())]
      .map((places) => places.sort((a, b) => a - b))
      .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  }

  #firstWith(digest: Uint32Array, place: number): number {
    const mask = this.#table.length - 1;
    for (let slot = (digest[0] ?? 0) & mask; ; slot = (slot + 1) & mask) {
      const found = (this.#table[slot] ?? 0) - 1;
      if (found < 0) {
        this.#table[slot] = place + 1;
        this.#digests.set(digest, place * DIGEST_WORDS);
        return place;
      }
      if (digest.every((word, i) => this.#digests[found * DIGEST_WORDS + i] === word)) return found;
    }
  }
}
