import type { Detector, Meter } from "../contract/detector.ts";
import type { Finding } from "../contract/report.ts";
import { orAbort } from "./abort.ts";
import { Recent, type RecentLimits } from "./recent.ts";

/** What a detector saw in a picture, and whether somebody else had it look. */
export interface Seen {
  readonly findings: readonly Finding[];
  readonly cached: boolean;
}

type Look = (signal: AbortSignal, meter: Meter) => Promise<readonly Finding[]>;

/**
 * What detectors saw in pictures, so that none looks at the same picture twice, also when two ask at once. It holds findings and
 * no decisions: every policy decides anew. Policies share what a detector saw if they share the detector, opened once with the
 * same options, and never otherwise; a detector with a newer model or list looks again. Failures are not kept.
 */
export class FindingsCache {
  readonly #kept: Recent;
  readonly #underWay = new Map<string, SharedLook>();
  /** Opened detectors by number: two with the same id and version may have other options. */
  readonly #numbers = new WeakMap<object, number>();
  #detectors = 0;

  constructor(limits: RecentLimits, now?: () => number) {
    this.#kept = new Recent(limits, now);
  }

  get entries(): number {
    return this.#kept.size;
  }

  get bytes(): number {
    return this.#kept.bytes;
  }

  /**
   * @param digest of the picture
   * @param signal of this caller: a look that others wait for goes on without it
   * @param meter is told the units of a look by whoever is the first to have its result
   * @param look how the detector looks, if it must
   * @throws the signal's reason; what `look` throws, to all who wait for it
   */
  async find(detector: Detector<never>, digest: string, signal: AbortSignal, meter: Meter, look: Look): Promise<Seen> {
    const key = this.#keyOf(detector, digest);
    const kept = this.#kept.get(key);
    if (kept !== undefined) return { findings: read(kept), cached: true };
    const shared = this.#underWay.get(key) ?? this.#start(key, detector, digest, look);
    return shared.join(signal, meter);
  }

  #start(key: string, detector: Detector<never>, digest: string, look: Look): SharedLook {
    const end = () => {
      if (this.#underWay.get(key) === shared) this.#underWay.delete(key);
    };
    const keep = (findings: string) => {
      // A detector that came to hold a newer model meanwhile: nobody can tell which of them looked.
      if (this.#keyOf(detector, digest) === key) this.#kept.set(key, findings);
    };
    const shared = new SharedLook(look, keep, end);
    this.#underWay.set(key, shared);
    return shared;
  }

  #keyOf(detector: Detector<never>, digest: string): string {
    let number = this.#numbers.get(detector);
    if (number === undefined) {
      number = ++this.#detectors;
      this.#numbers.set(detector, number);
    }
    return `${number} ${detector.version} ${digest}`;
  }
}

/** One look that several callers wait for. It is aborted when the last of them has left. */
class SharedLook {
  readonly #own = new AbortController();
  readonly #result: Promise<string>;
  readonly #end: () => void;
  #waiting = 0;
  #units: number | undefined;
  #taken = false;

  /** @param end this look has its result, or nobody waits for it: whoever comes now needs another one */
  constructor(look: Look, keep: (findings: string) => void, end: () => void) {
    this.#end = end;
    const { signal } = this.#own;
    const looking = look(signal, (units) => {
      this.#units = (this.#units ?? 0) + units;
    });
    this.#result = looking.then((findings) => {
      const written = JSON.stringify(findings);
      if (!signal.aborted) keep(written);
      return written;
    });
    this.#result.then(end, end);
  }

  async join(signal: AbortSignal, meter: Meter): Promise<Seen> {
    this.#waiting += 1;
    try {
      const findings = read(await orAbort(this.#result, signal));
      const cached = this.#taken;
      this.#bill(meter);
      return { findings, cached };
    } catch (error) {
      if (!signal.aborted || this.#waiting === 1) this.#bill(meter);
      throw error;
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) {
        this.#end();
        this.#own.abort(signal.reason);
      }
    }
  }

  #bill(meter: Meter): void {
    if (!this.#taken && this.#units !== undefined) meter(this.#units);
    this.#taken = true;
  }
}

function read(findings: string): readonly Finding[] {
  return JSON.parse(findings); // written from findings that were checked
}
