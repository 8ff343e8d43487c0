import { UNSCORED } from "../contract/decision.ts";
import type { DecodedImage } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import type { GenerationEvent, GenerationRequest, Trial } from "../contract/generation.ts";
import type { GeneratedImage, ImageRequest } from "../contract/generator.ts";
import type { Report } from "../contract/report.ts";
import { mergeNegativePrompts } from "../policy/negative-prompt.ts";
import { leashFor, orAbort } from "./abort.ts";
import { sha256 } from "./digest.ts";
import { asFailure } from "./failure.ts";
import { judgeBytes } from "./judge.ts";
import { best, worthRetrying } from "./outcome.ts";
import type { Parts } from "./parts.ts";
import { seedOf } from "./seeds.ts";

type Slot = ImageRequest["images"][number];

/** Asks the generator for pictures and judges each by itself, as often as it is told to. */
export class Attempts {
  readonly #request: GenerationRequest;
  readonly #seed: number;
  readonly #parts: Parts;
  readonly #emit: (event: GenerationEvent) => void;
  readonly #now: () => number;
  readonly #trials: Trial[] = [];
  readonly #images = new Map<Trial, DecodedImage>();

  /** How often the generator was asked, and how many pictures it made. */
  count = 0;
  pictures = 0;
  /** Milliseconds spent waiting for the generator, and judging what it made. */
  generationMs = 0;
  judgingMs = 0;

  /** @param now milliseconds since the generation started */
  constructor(
    request: GenerationRequest,
    seed: number,
    parts: Parts,
    emit: (event: GenerationEvent) => void,
    now: () => number,
  ) {
    this.#request = request;
    this.#seed = seed;
    this.#parts = parts;
    this.#emit = emit;
    this.#now = now;
  }

  get trials(): readonly Trial[] {
    return this.#trials;
  }

  /** The best trial of one picture, with its pixels unless the back end withheld it or it could not be read. */
  best(index: number): { trial: Trial; image: DecodedImage | undefined } | undefined {
    const trial = best(this.#trials.filter((each) => each.index === index));
    return trial && { trial, image: this.#images.get(trial) };
  }

  /** The pictures for which another seed may help. */
  unsettled(): number[] {
    return everyIndex(this.#request).filter((index) => {
      const found = this.best(index);
      return found !== undefined && worthRetrying(found.trial, this.#parts.policy);
    });
  }

  /** What the generator is told to keep out, in this attempt. */
  negativePrompt(attempt: number): string {
    const { negative_prompt, image } = this.#parts.policy;
    const strengthened = attempt > 1 ? image.retry.strengthen : "";
    return mergeNegativePrompts(negative_prompt, this.#request.negative_prompt, strengthened);
  }

  /**
   * One attempt at the pictures with these indexes.
   * @param mayRetry tells, when a picture has been judged, whether another attempt could follow
   * @throws SafelightError `provider_*`, or the signal's reason
   */
  async make(indexes: readonly number[], mayRetry: () => boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const attempt = ++this.count;
    const slots = indexes.map((index) => ({ index, seed: seedOf(this.#seed, index, attempt) }));
    this.#emit({ type: "generation_started", at_ms: this.#now(), attempt, images: slots });
    const answers = await this.#generate(attempt, slots, signal);
    const start = performance.now();
    const trials = await Promise.all(
      slots.map(async (slot, i) => {
        const trial = await this.#judge(attempt, slot, answers[i] ?? { kind: "withheld", reason: "no answer" }, signal);
        this.#decided(trial, mayRetry());
        return trial;
      }),
    );
    this.judgingMs += performance.now() - start;
    this.#trials.push(...trials);
  }

  async #generate(attempt: number, slots: readonly Slot[], caller: AbortSignal): Promise<readonly GeneratedImage[]> {
    const { generator, timeoutMs } = this.#parts.generator;
    const late = () => new SafelightError("provider_timeout", `no answer within ${timeoutMs} ms`);
    const { signal, end } = leashFor(timeoutMs, late, caller);
    const start = performance.now();
    const onProgress = (fraction: number) => {
      if (!signal.aborted) this.#emit({ type: "generation_progress", at_ms: this.#now(), attempt, fraction });
    };
    try {
      const answers = await orAbort(generator.generate(this.#imageRequest(attempt, slots), signal, onProgress), signal);
      if (answers.length === slots.length) return answers;
      throw new SafelightError(
        "provider_failed",
        `it was asked for ${slots.length} pictures and gave ${answers.length}`,
      );
    } catch (error) {
      caller.throwIfAborted();
      throw asFailure(error, "provider_failed");
    } finally {
      end();
      const duration_ms = performance.now() - start;
      this.generationMs += duration_ms;
      this.#emit({ type: "generation_finished", at_ms: this.#now(), attempt, duration_ms });
    }
  }

  #imageRequest(attempt: number, images: readonly Slot[]): ImageRequest {
    const { prompt, width, height, steps, guidance_scale } = this.#request;
    const negativePrompt = this.negativePrompt(attempt);
    return {
      prompt,
      negativePrompt,
      width,
      height,
      images,
      attempt,
      ...(steps === undefined ? {} : { steps }),
      ...(guidance_scale === undefined ? {} : { guidanceScale: guidance_scale }),
    };
  }

  async #judge(attempt: number, { index, seed }: Slot, answer: GeneratedImage, signal: AbortSignal): Promise<Trial> {
    if (answer.kind === "withheld")
      return withheldTrial(attempt, { index, seed }, answer.reason, this.#parts.generator.name);
    this.pictures++;
    const { policy, imaging, imageDetectors, findings: cache } = this.#parts;
    const onReport = (report: Report) =>
      this.#emit({ type: "image_report", at_ms: this.#now(), attempt, index, report });
    const { image, judgement } = await judgeBytes(answer.bytes, imaging, policy, imageDetectors, signal, {
      onReport,
      cache,
    });
    const trial: Trial = {
      ...judgement,
      attempt,
      index,
      seed: answer.seed ?? seed,
      digest: image?.digest ?? sha256(answer.bytes),
      width: image?.width ?? null,
      height: image?.height ?? null,
      withheld: null,
    };
    if (image) this.#images.set(trial, answer.base64 ? { ...image, base64: answer.base64 } : image);
    return trial;
  }

  #decided(trial: Trial, mayRetry: boolean): void {
    const { attempt, index, action, reasons, coverage } = trial;
    const retry = mayRetry && worthRetrying(trial, this.#parts.policy);
    const decision = { action, reasons, coverage };
    this.#emit({ type: "image_decided", at_ms: this.#now(), attempt, index, decision, retry });
  }
}

export function everyIndex(request: GenerationRequest): number[] {
  return Array.from({ length: request.n }, (_, index) => index);
}

function withheldTrial(attempt: number, { index, seed }: Slot, reason: string, generator: string): Trial {
  const message = `The generator "${generator}" withheld the picture: ${reason}`;
  return {
    attempt,
    index,
    seed,
    action: "block",
    reasons: [{ ...UNSCORED, stage: "image", action: "block", detector: generator, label: "withheld", message }],
    coverage: [],
    reports: [],
    digest: null,
    width: null,
    height: null,
    withheld: reason,
  };
}
