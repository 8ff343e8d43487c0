import type { LoadedPolicy } from "../config/policies.ts";
import type { Config } from "../config/schema.ts";
import type { Frame } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import type { Limits } from "../contract/limits.ts";
import type { FindingsCache } from "../pipeline/findings-cache.ts";
import { judgeImage, judgePrompt } from "../pipeline/judge.ts";
import type { Imaging } from "../pipeline/parts.ts";
import { nearest } from "../policy/nearest.ts";
import type { Policy } from "../policy/schema.ts";
import type { PolicySet } from "./policy-set.ts";
import type { Checks, ImageCheck, TextCheck } from "./service.ts";

/** Checks over the policies in force. A detector that is not open yet is opened by the first check that needs it. */
export class PolicyChecks implements Checks {
  readonly limits: Limits;
  readonly defaultPolicy: string;
  readonly #current: () => PolicySet;
  readonly #decode: Imaging["decode"];
  readonly #close: () => Promise<void>;
  readonly #findings: FindingsCache | undefined;

  /** @param findings absent: every picture is looked at anew */
  constructor(
    config: Config,
    current: () => PolicySet,
    decode: Imaging["decode"],
    close: () => Promise<void>,
    findings?: FindingsCache,
  ) {
    this.#findings = findings;
    this.limits = config.limits;
    this.defaultPolicy = config.default_policy;
    this.#current = current;
    this.#decode = decode;
    this.#close = close;
  }

  policyNames(): readonly string[] {
    return [...this.#current().policies.keys()];
  }

  policy(name: string | undefined): Policy {
    return known("policy", name ?? this.defaultPolicy, this.#current().policies).policy;
  }

  async checkText(text: string, name: string | undefined, signal: AbortSignal): Promise<TextCheck> {
    return this.#with(name, async (set, loaded) => {
      const detectors = await set.prompt(loaded);
      const start = performance.now();
      const { early, late } = await judgePrompt({ text }, loaded.policy, detectors, signal);
      const judgement = late ? await late : early;
      return { ...judgement, policy: loaded.policy, totalMs: performance.now() - start };
    });
  }

  async checkImage(bytes: Uint8Array, name: string | undefined, signal: AbortSignal): Promise<ImageCheck> {
    return this.#with(name, async (set, loaded) => {
      const detectors = await set.image(loaded);
      const start = performance.now();
      const image = await this.#decode(bytes);
      const decodeMs = performance.now() - start;
      const judgement = await judgeImage(image, loaded.policy, detectors, signal, { cache: this.#findings });
      const { digest, mediaType, width, height, frameCount, frames } = image;
      return {
        ...judgement,
        policy: loaded.policy,
        image: { digest, mediaType, width, height, frames: frameCount, framesJudged: countOf(frames) },
        decodeMs,
        totalMs: performance.now() - start,
      };
    });
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #with<T>(name: string | undefined, check: (set: PolicySet, loaded: LoadedPolicy) => Promise<T>): Promise<T> {
    const set = this.#current();
    const loaded = known("policy", name ?? this.defaultPolicy, set.policies);
    const release = set.hold();
    try {
      return await check(set, loaded);
    } finally {
      await release();
    }
  }
}

/** A frame that viewers may see differently was judged several times, and counts once. */
function countOf(frames: readonly Frame[]): number {
  return new Set(frames.map((frame) => frame.index)).size;
}

/** @throws SafelightError `invalid_request` that points to the field and names what there is */
export function known<T>(field: string, name: string, things: ReadonlyMap<string, T>): T {
  const found = things.get(name);
  if (found !== undefined) return found;
  const names = [...things.keys()];
  const near = nearest(name, names);
  const hint = near === undefined ? `there are: ${names.join(", ")}` : `did you mean ${JSON.stringify(near)}?`;
  const detail = `${JSON.stringify(name)} is not known; ${hint}`;
  throw new SafelightError("invalid_request", `"${field}" ${detail}`, { errors: [{ pointer: `#/${field}`, detail }] });
}
