import { severity } from "../contract/actions.ts";
import type { DecodedImage } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import type {
  GenerationEvent,
  GenerationRecord,
  GenerationRequest,
  GenerationState,
  ImageOutcome,
  Judgement,
} from "../contract/generation.ts";
import { blurExtent } from "../policy/blur-extent.ts";
import { leash } from "./abort.ts";
import { Attempts, everyIndex } from "./attempts.ts";
import { EventQueue } from "./event-queue.ts";
import { asFailure } from "./failure.ts";
import { judgePrompt, stops } from "./judge.ts";
import { outcomeOf } from "./outcome.ts";
import type { Parts, Picture } from "./parts.ts";
import { endedRecord, type Identity, runningRecord } from "./record.ts";

/** What a moderated generation ends in. */
export interface GenerationResult {
  readonly record: GenerationRecord;
  /** What may be shown, by index: blurred where decided. */
  readonly released: ReadonlyMap<number, Picture>;
  /** The pictures judged, of those that are not shown as they are; without metadata where the policy strips it. They must not leave without a person's decision. */
  readonly originals: ReadonlyMap<number, Picture>;
}

/** A generation as a stream of events that ends with `finished`. Leaving the loop early aborts everything. */
export interface ModeratedGeneration extends AsyncIterable<GenerationEvent> {
  /** Never rejects: a failure or an abort is a state of the record. It settles also when nobody listens any more. */
  readonly result: Promise<GenerationResult>;
}

/** Starts at once. The signal, or leaving the loop, aborts the detectors and the generator. */
export function moderate(
  request: GenerationRequest,
  identity: Identity,
  parts: Parts,
  signal: AbortSignal,
): ModeratedGeneration {
  const queue = new EventQueue<GenerationEvent>();
  const own = leash(signal);
  const result = new Run(request, identity, parts, own.signal, (event) => queue.push(event)).toEnd().finally(() => {
    own.end();
    queue.end();
  });
  return {
    result,
    [Symbol.asyncIterator]: () => ({
      next: () => queue.next(),
      async return() {
        own.abort(new SafelightError("cancelled", "the caller went away")); // when all is done, it changes nothing
        return { done: true, value: undefined };
      },
    }),
  };
}

class Run {
  readonly #request: GenerationRequest;
  readonly #parts: Parts;
  readonly #signal: AbortSignal;
  readonly #emit: (event: GenerationEvent) => void;
  readonly #begun: GenerationRecord;
  readonly #attempts: Attempts;
  readonly #start = performance.now();
  readonly #now = () => performance.now() - this.#start;
  #prompt: Judgement | undefined;
  #promptMs = 0;
  #retryFailure: SafelightError | undefined;

  constructor(
    request: GenerationRequest,
    identity: Identity,
    parts: Parts,
    signal: AbortSignal,
    emit: (event: GenerationEvent) => void,
  ) {
    this.#request = request;
    this.#parts = parts;
    this.#signal = signal;
    this.#emit = emit;
    this.#begun = runningRecord(request, identity, parts);
    this.#attempts = new Attempts(request, identity.seed, parts, emit, this.#now);
  }

  async toEnd(): Promise<GenerationResult> {
    const { id, policy, generator, notice, request } = this.#begun;
    this.#emit({ type: "started", id, policy, generator, notice, n: request.n, seed: request.seed });
    let result: GenerationResult;
    try {
      const verdict = await this.#untilJudged();
      result = stops(verdict) ? this.#ended(verdict.action === "block" ? "refused" : "held") : await this.#complete();
    } catch (error) {
      const cancelled = this.#signal.aborted;
      const failure = cancelled ? asFailure(this.#signal.reason, "cancelled") : asFailure(error, "internal");
      result = this.#ended(cancelled ? "cancelled" : "failed", failure);
    }
    this.#emit({ type: "finished", at_ms: this.#now(), record: result.record });
    return result;
  }

  /** Judges the prompt and, unless that stops it, makes and judges pictures. @returns the prompt's last judgement */
  async #untilJudged(): Promise<Judgement> {
    const { policy, promptDetectors } = this.#parts;
    const { early, late } = await judgePrompt(
      { text: this.#request.prompt },
      policy,
      promptDetectors,
      this.#signal,
      (report) => this.#emit({ type: "prompt_report", at_ms: this.#now(), report }),
    );
    const verdict = late ? await this.#firstAttemptBeside(late) : this.#decided(early);
    if (stops(verdict)) return verdict;
    if (!late) await this.#firstAttempt(this.#signal);
    await this.#retry();
    return verdict;
  }

  #decided(judgement: Judgement): Judgement {
    this.#prompt = judgement;
    this.#promptMs = this.#now();
    const { action, reasons, coverage } = judgement;
    this.#emit({ type: "prompt_decided", at_ms: this.#promptMs, decision: { action, reasons, coverage } });
    return judgement;
  }

  /** The first attempt while slow prompt checks are still out. A verdict that stops the generation aborts the generator. */
  async #firstAttemptBeside(late: Promise<Judgement>): Promise<Judgement> {
    const stopped = new AbortController();
    const [verdict, attempt] = await Promise.allSettled([
      late.then((judgement) => {
        if (stops(judgement)) stopped.abort();
        return this.#decided(judgement);
      }),
      this.#firstAttempt(AbortSignal.any([this.#signal, stopped.signal])),
    ]);
    if (verdict.status === "rejected") throw verdict.reason;
    if (attempt.status === "rejected" && !stopped.signal.aborted) throw attempt.reason;
    return verdict.value;
  }

  #firstAttempt(signal: AbortSignal): Promise<void> {
    return this.#attempts.make(everyIndex(this.#request), () => this.#triesLeft() > 0, signal);
  }

  #triesLeft(): number {
    const { retry } = this.#parts.policy.image;
    const earned = this.#prompt?.action === "allow" || retry.after_warned_prompt;
    return earned ? retry.times - (this.#attempts.count - 1) : 0;
  }

  /** Makes the unsafe pictures again, as the policy allows. A failing back end then costs the further tries, not what is there. */
  async #retry(): Promise<void> {
    while (this.#triesLeft() > 0) {
      const again = this.#attempts.unsettled();
      if (again.length === 0) return;
      try {
        await this.#attempts.make(again, () => this.#triesLeft() > 0, this.#signal);
      } catch (error) {
        this.#signal.throwIfAborted();
        this.#retryFailure = asFailure(error, "internal");
        return;
      }
    }
  }

  async #complete(): Promise<GenerationResult> {
    const released = new Map<number, Picture>();
    const originals = new Map<number, Picture>();
    const images = await Promise.all(
      everyIndex(this.#request).map(async (index) => {
        const { trial, image } = this.#judged(index);
        const outcome = outcomeOf(trial);
        if (!image) return outcome;
        const shown = await this.#show(outcome, image);
        if (shown) released.set(index, shown);
        if (severity(trial.action) >= severity("blur")) {
          originals.set(index, await this.#original(image));
        }
        return { ...outcome, media_type: shown?.mediaType ?? null, blurred: trial.action === "blur" };
      }),
    );
    this.#signal.throwIfAborted();
    return { ...this.#ended("complete", undefined, images), released, originals };
  }

  #judged(index: number) {
    const found = this.#attempts.best(index);
    if (!found) throw new SafelightError("internal", `picture ${index} was never judged`);
    return found;
  }

  async #show({ action, reasons }: ImageOutcome, image: DecodedImage): Promise<Picture | undefined> {
    const { imaging, policy } = this.#parts;
    switch (action) {
      case "allow":
      case "warn":
        return imaging.release(image, policy.image.metadata);
      case "blur":
        return imaging.blur(image, policy.image.blur_radius, blurExtent(reasons, policy.image.blur, image.frameCount));
      case "review":
      case "block":
        return undefined;
    }
  }

  /** It may be shown later: to a reviewer, or to who asks for it. */
  async #original(image: DecodedImage): Promise<Picture> {
    const { imaging, policy } = this.#parts;
    return policy.image.metadata === "strip"
      ? imaging.strip(image)
      : { bytes: image.bytes, mediaType: image.mediaType };
  }

  #ended(state: GenerationState, failure?: SafelightError, images: readonly ImageOutcome[] = []): GenerationResult {
    const record = endedRecord(this.#begun, this.#parts, this.#attempts, {
      state,
      prompt: this.#prompt,
      promptMs: this.#promptMs,
      totalMs: this.#now(),
      images,
      failure,
      retryFailure: this.#retryFailure,
    });
    return { record, released: new Map(), originals: new Map() };
  }
}
