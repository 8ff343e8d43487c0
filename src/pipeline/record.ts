import { strongest } from "../contract/actions.ts";
import type { SafelightError } from "../contract/errors.ts";
import type {
  GenerationRecord,
  GenerationRequest,
  GenerationState,
  ImageOutcome,
  Judgement,
} from "../contract/generation.ts";
import type { Attempts } from "./attempts.ts";
import { costOf } from "./cost.ts";
import { sha256 } from "./digest.ts";
import { failureOf } from "./failure.ts";
import { imageWarnings, promptWarnings } from "./outcome.ts";
import type { Parts } from "./parts.ts";

export interface Identity {
  readonly id: string;
  readonly createdAt: Date;
  /** Of the first picture. */
  readonly seed: number;
}

/** How far a generation has come. */
export interface Progress {
  readonly state: GenerationState;
  readonly prompt: Judgement | undefined;
  readonly promptMs: number;
  readonly totalMs: number;
  readonly images: readonly ImageOutcome[];
  readonly failure: SafelightError | undefined;
  /** A further attempt that failed while earlier pictures could be answered. */
  readonly retryFailure: SafelightError | undefined;
}

/** The record of a generation that has not begun: what a background generation shows until it has ended. */
export function runningRecord(
  request: GenerationRequest,
  { id, createdAt, seed }: Identity,
  { policy, generator }: Parts,
): GenerationRecord {
  return {
    id,
    state: "running",
    action: null,
    created_at: createdAt.toISOString(),
    finished_at: null,
    policy: { name: policy.name, version: policy.version, digest: policy.digest },
    generator: generator.name,
    notice: generator.generator.notice ?? null,
    request: {
      prompt: request.prompt,
      prompt_digest: sha256(request.prompt),
      prompt_characters: request.prompt.length,
      negative_prompt: request.negative_prompt,
      width: request.width,
      height: request.height,
      n: request.n,
      seed,
      steps: request.steps ?? null,
      guidance_scale: request.guidance_scale ?? null,
    },
    prompt: null,
    negative_prompt: null,
    images: [],
    warnings: [],
    attempts: 0,
    trials: [],
    timings: { prompt_ms: 0, generation_ms: 0, image_ms: 0, total_ms: 0, moderation_share: 0 },
    cost: { amount: 0, currency: generator.price.currency, parts: [] },
    error: null,
    expires_at: new Date(createdAt.getTime() + policy.retention.days * 86_400_000).toISOString(),
  };
}

export function endedRecord(
  begun: GenerationRecord,
  parts: Parts,
  attempts: Attempts,
  progress: Progress,
): GenerationRecord {
  const { state, prompt, promptMs, totalMs, images, failure } = progress;
  return {
    ...begun,
    state,
    action: prompt ? strongest([prompt.action, ...images.map((image) => image.action)]) : null,
    finished_at: new Date(Date.parse(begun.created_at) + totalMs).toISOString(),
    prompt: prompt ?? null,
    negative_prompt: attempts.negativePrompt(Math.max(1, attempts.count)),
    images: [...images],
    warnings: warnings(progress),
    attempts: attempts.count,
    trials: [...attempts.trials],
    timings: {
      prompt_ms: promptMs,
      generation_ms: attempts.generationMs,
      image_ms: attempts.judgingMs,
      total_ms: totalMs,
      moderation_share: totalMs > 0 ? Math.min(1, Math.max(0, 1 - attempts.generationMs / totalMs)) : 0,
    },
    cost: costOf(
      parts.generator,
      begun.request,
      attempts.pictures,
      [...parts.promptDetectors, ...parts.imageDetectors],
      [...(prompt?.reports ?? []), ...attempts.trials.flatMap(({ reports }) => reports)],
    ),
    error: failure ? failureOf(failure) : null,
  };
}

function warnings({ prompt, images, retryFailure }: Progress): GenerationRecord["warnings"] {
  return [
    ...promptWarnings(prompt?.reasons ?? []),
    ...images.flatMap((image) => imageWarnings(image.index, image.reasons)),
    ...(retryFailure
      ? [
          {
            stage: "image" as const,
            category: null,
            action: "warn" as const,
            index: null,
            message: `Another try failed: ${retryFailure.detail}.`,
          },
        ]
      : []),
  ];
}
