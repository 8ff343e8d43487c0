import type { Decision } from "../../../src/contract/decision.ts";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";
import type { Report } from "../../../src/contract/report.ts";
import type { SentRequest } from "../api/client.ts";
import type { StreamEvent } from "../api/events.ts";
import type { Problem } from "../api/problem.ts";

/** One generation as this page watches it, from the click on. */
export interface Run {
  readonly key: number;
  readonly request: SentRequest;
  readonly phase: "connecting" | "running" | "finished" | "cancelled" | "failed";
  /** The first event, once it is here. */
  readonly started: Extract<StreamEvent, { type: "started" }> | null;
  /** The server's clock at the last event, in milliseconds since the generation began. */
  readonly at_ms: number;
  readonly promptReports: readonly Timed<Report>[];
  readonly promptDecision: Timed<Decision> | null;
  readonly attempts: readonly Attempt[];
  /** Once finished. */
  readonly answer: GenerationAnswer | null;
  /** Once failed. */
  readonly problem: Problem | null;
}

export interface Timed<T> {
  readonly at_ms: number;
  readonly value: T;
}

/** One time the generator was asked. */
export interface Attempt {
  readonly attempt: number;
  readonly started_ms: number;
  /** How far the generator says it is, 0 to 1; null when it does not say. */
  readonly fraction: number | null;
  readonly finished: { readonly at_ms: number; readonly duration_ms: number } | null;
  readonly pictures: readonly AttemptedPicture[];
}

/** One picture in one attempt. */
export interface AttemptedPicture {
  readonly index: number;
  readonly seed: number;
  readonly reports: readonly Timed<Report>[];
  readonly decided: { readonly at_ms: number; readonly decision: Decision; readonly retry: boolean } | null;
}

export type RunAction =
  | { readonly type: "event"; readonly event: StreamEvent }
  | { readonly type: "cancelled" }
  | { readonly type: "failed"; readonly problem: Problem };

export function newRun(key: number, request: SentRequest): Run {
  return {
    key,
    request,
    phase: "connecting",
    started: null,
    at_ms: 0,
    promptReports: [],
    promptDecision: null,
    attempts: [],
    answer: null,
    problem: null,
  };
}

export function isUnderWay(run: Run): boolean {
  return run.phase === "connecting" || run.phase === "running";
}

/** Pure. What comes after the end (a cancelled run's last events, say) changes nothing. */
export function reduceRun(run: Run, action: RunAction): Run {
  if (!isUnderWay(run)) return run;
  switch (action.type) {
    case "event":
      return reduceEvent(run, action.event);
    case "cancelled":
      return { ...run, phase: "cancelled" };
    case "failed":
      return { ...run, phase: "failed", problem: action.problem };
    default:
      return action satisfies never;
  }
}

function reduceEvent(before: Run, event: StreamEvent): Run {
  if (event.type === "started") return { ...before, phase: "running", started: event };
  const run = { ...before, at_ms: Math.max(before.at_ms, event.at_ms) };
  switch (event.type) {
    case "prompt_report":
      return { ...run, promptReports: [...run.promptReports, { at_ms: event.at_ms, value: event.report }] };
    case "prompt_decided":
      return { ...run, promptDecision: { at_ms: event.at_ms, value: event.decision } };
    case "generation_started": {
      const pictures = event.images.map((image) => ({ ...image, reports: [], decided: null }));
      const attempt = { attempt: event.attempt, started_ms: event.at_ms, fraction: null, finished: null, pictures };
      return { ...run, attempts: [...run.attempts, attempt] };
    }
    case "generation_progress":
      return inAttempt(run, event.attempt, (attempt) => ({ ...attempt, fraction: event.fraction }));
    case "generation_finished": {
      const finished = { at_ms: event.at_ms, duration_ms: event.duration_ms };
      return inAttempt(run, event.attempt, (attempt) => ({ ...attempt, finished }));
    }
    case "image_report":
      return inPicture(run, event, (picture) => ({
        ...picture,
        reports: [...picture.reports, { at_ms: event.at_ms, value: event.report }],
      }));
    case "image_decided":
      return inPicture(run, event, (picture) => ({
        ...picture,
        decided: { at_ms: event.at_ms, decision: event.decision, retry: event.retry },
      }));
    case "finished":
      return { ...run, phase: "finished", answer: event.record };
    default:
      event satisfies never;
      // A newer server may tell more than this page, kept open since before, knows how to draw.
      return run;
  }
}

function inAttempt(run: Run, number: number, change: (attempt: Attempt) => Attempt): Run {
  return { ...run, attempts: run.attempts.map((it) => (it.attempt === number ? change(it) : it)) };
}

function inPicture(
  run: Run,
  at: { readonly attempt: number; readonly index: number },
  change: (picture: AttemptedPicture) => AttemptedPicture,
): Run {
  return inAttempt(run, at.attempt, (attempt) => ({
    ...attempt,
    pictures: attempt.pictures.map((it) => (it.index === at.index ? change(it) : it)),
  }));
}

/** Where one of the pictures asked for stands, while the generation is under way. */
export type PictureProgress =
  | { readonly index: number; readonly state: "waiting" }
  | { readonly index: number; readonly state: "generating" | "checking"; readonly attempt: number }
  | { readonly index: number; readonly state: "again"; readonly attempt: number }
  | { readonly index: number; readonly state: "decided"; readonly attempt: number; readonly decision: Decision };

export function pictureProgress(run: Run): readonly PictureProgress[] {
  return Array.from({ length: run.request.n }, (_, index): PictureProgress => {
    const latest = run.attempts.findLast((attempt) => attempt.pictures.some((picture) => picture.index === index));
    const picture = latest?.pictures.find((it) => it.index === index);
    if (!latest || !picture) return { index, state: "waiting" };
    const { attempt } = latest;
    if (picture.decided?.retry) return { index, state: "again", attempt };
    if (picture.decided) return { index, state: "decided", attempt, decision: picture.decided.decision };
    return { index, state: latest.finished || picture.reports.length > 0 ? "checking" : "generating", attempt };
  });
}
