import type { Decision, Reason } from "../../src/contract/decision.ts";
import type { GenerationAnswer, GenerationRecord, Trial } from "../../src/contract/generation.ts";
import type { Finding, Report } from "../../src/contract/report.ts";
import type { SentRequest } from "../../web/src/api/client.ts";
import type { StreamEvent } from "../../web/src/api/events.ts";

export const POLICY = { name: "default", version: "1", digest: "sha256:00" };

export const REQUEST: SentRequest = {
  prompt: "a fox",
  negative_prompt: "",
  width: 512,
  height: 512,
  n: 1,
  b64: false,
};

export function decision(action: Decision["action"], reasons: readonly Reason[] = []): Decision {
  return { action, reasons: [...reasons], coverage: [] };
}

export function reason(over: Partial<Reason> = {}): Reason {
  return {
    stage: "image",
    category: "violence",
    score: 0.9,
    threshold: 0.8,
    margin: 0.1,
    action: "blur",
    detector: "nsfw",
    label: null,
    evidence: null,
    message: "The picture scored 0.90.",
    ...over,
  };
}

export function report(detector: string, duration_ms: number, findings: readonly Finding[] = []): Report {
  return { detector, version: "1", categories: [], duration_ms, state: "scored", findings: [...findings] };
}

export function failedReport(detector: string, duration_ms: number): Report {
  return {
    detector,
    version: "1",
    categories: [],
    duration_ms,
    state: "unknown",
    because: "detector_failed",
    detail: "",
  };
}

export function trial(index: number, attempt: number, over: Partial<Trial> = {}): Trial {
  return {
    ...decision("allow"),
    reports: [report("nsfw", 20)],
    attempt,
    index,
    seed: 7,
    digest: "sha256:11",
    width: 512,
    height: 512,
    withheld: null,
    ...over,
  };
}

type Image = GenerationAnswer["images"][number];

export function image(index: number, over: Partial<Image> = {}): Image {
  return {
    ...decision("allow"),
    index,
    attempt: 1,
    seed: 7,
    width: 512,
    height: 512,
    media_type: "image/png",
    blurred: false,
    released: { digest: "sha256:11", media_type: "image/png", bytes: 3 },
    original: null,
    b64: null,
    url: `http://elsewhere/api/v1/generations/gen_1/images/${index}`,
    ...over,
  };
}

export function answer(over: Partial<GenerationAnswer> = {}): GenerationAnswer {
  const record: GenerationRecord = {
    id: "gen_1",
    state: "complete",
    action: "allow",
    created_at: "2026-01-01T00:00:00.000Z",
    finished_at: "2026-01-01T00:00:01.000Z",
    policy: POLICY,
    generator: "sketch",
    notice: null,
    request: {
      prompt: "a fox",
      prompt_digest: "sha256:22",
      prompt_characters: 5,
      negative_prompt: "",
      width: 512,
      height: 512,
      n: 1,
      seed: 7,
      steps: null,
      guidance_scale: null,
    },
    prompt: { ...decision("allow"), reports: [report("rules", 1)] },
    negative_prompt: "",
    images: [],
    warnings: [],
    attempts: 1,
    trials: [trial(0, 1)],
    timings: { prompt_ms: 2, generation_ms: 60, image_ms: 20, total_ms: 84, moderation_share: 0.28 },
    cost: { amount: 0, currency: "USD", parts: [] },
    error: null,
    expires_at: null,
  };
  return {
    ...record,
    images: [image(0)],
    url: "http://elsewhere/api/v1/generations/gen_1",
    request_id: "req_1",
    ...over,
  };
}

export const STARTED: StreamEvent = {
  type: "started",
  id: "gen_1",
  policy: POLICY,
  generator: "sketch",
  notice: null,
  n: 1,
  seed: 7,
};

/** One picture, unsafe in the first attempt and good in the second. */
export const RETRIED: readonly StreamEvent[] = [
  STARTED,
  { type: "prompt_report", at_ms: 2, report: report("rules", 1.5) },
  { type: "prompt_decided", at_ms: 3, decision: decision("allow") },
  { type: "generation_started", at_ms: 4, attempt: 1, images: [{ index: 0, seed: 7 }] },
  { type: "generation_progress", at_ms: 20, attempt: 1, fraction: 0.5 },
  { type: "generation_finished", at_ms: 40, attempt: 1, duration_ms: 36 },
  { type: "image_report", at_ms: 60, attempt: 1, index: 0, report: report("nsfw", 18) },
  { type: "image_decided", at_ms: 61, attempt: 1, index: 0, decision: decision("block", [reason()]), retry: true },
  { type: "generation_started", at_ms: 62, attempt: 2, images: [{ index: 0, seed: 8 }] },
  { type: "generation_finished", at_ms: 100, attempt: 2, duration_ms: 38 },
  { type: "image_report", at_ms: 120, attempt: 2, index: 0, report: report("nsfw", 18) },
  { type: "image_decided", at_ms: 121, attempt: 2, index: 0, decision: decision("allow"), retry: false },
];
