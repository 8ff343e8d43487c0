/** How much may be kept, and how long. */
export interface RecentLimits {
  readonly entries: number;
  /** Of keys and values in memory. */
  readonly bytes: number;
  /** Seconds after which an entry is forgotten, however often it was read. */
  readonly seconds: number;
}

/** What V8 takes for an entry of a Map and the objects around two texts, roughly. */
const OVERHEAD_BYTES = 128;

interface Entry {
  readonly value: string;
  /** Milliseconds of the clock. */
  readonly until: number;
}

/** Texts by key. The one that was not used for longest goes first when there is no room. */
export class Recent {
  readonly #limits: RecentLimits;
  readonly #now: () => number;
  /** In the order of use: the first was not used for longest. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** @param now milliseconds of a clock that never goes back */
  constructor(limits: RecentLimits, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): string | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (entry.until <= this.#now()) {
      this.#bytes -= bytesOf(key, entry.value);
      return undefined;
    }
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** What is larger than the whole room is not kept. */
  set(key: string, value: string): void {
    this.#delete(key);
    const bytes = bytesOf(key, value);
    if (bytes > this.#limits.bytes) return;
    this.#entries.set(key, { value, until: this.#now() + this.#limits.seconds * 1_000 });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limits.bytes && this.#entries.size <= this.#limits.entries) break;
      this.#delete(oldest);
    }
  }

  #delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= bytesOf(key, entry.value);
  }
}

/** Two bytes for a UTF-16 unit: never less than V8 takes. */
export function bytesOf(key: string, value: string): number {
  return OVERHEAD_BYTES + 2 * (key.length + value.length);
}
