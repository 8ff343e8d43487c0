import type { Action } from "../../../src/contract/actions.ts";
import type { GenerationRecord, Trial } from "../../../src/contract/generation.ts";
import type { Report } from "../../../src/contract/report.ts";
import { type Attempt, type AttemptedPicture, isUnderWay, type Run, type Timed } from "../run/run.ts";

/** A waterfall: rows of bars on one axis of milliseconds since the generation began. */
export interface Timeline {
  readonly rows: readonly Row[];
  /** How far the axis is known to reach. An open bar reaches to now. */
  readonly end_ms: number;
  /** False when the record gave durations only, and the bars were laid end to end. */
  readonly measured: boolean;
}

export interface Row {
  readonly id: string;
  readonly stage: "prompt" | "generator" | "picture";
  readonly label: string;
  readonly bars: readonly Bar[];
  readonly decision: { readonly at_ms: number; readonly action: Action; readonly retry: boolean } | null;
  /** 0 to 1 where the generator tells. */
  readonly fraction: number | null;
}

export interface Bar {
  readonly label: string;
  readonly start_ms: number;
  /** Null while it is under way. */
  readonly end_ms: number | null;
  readonly state: "done" | "open" | "unknown" | "stopped";
}

export function timelineOfRun(run: Run): Timeline {
  const open = isUnderWay(run);
  const rows = [
    ...promptRows(run.promptReports, run.promptDecision && decisionAt(run.promptDecision)),
    ...(open && !run.promptDecision && run.promptReports.length === 0 ? [openRow("Prompt checks", "prompt", 0)] : []),
    ...run.attempts.flatMap((attempt) => attemptRows(attempt, run)),
  ];
  return { rows, end_ms: run.at_ms, measured: true };
}

function decisionAt(decision: Timed<{ readonly action: Action }>): Row["decision"] {
  return { at_ms: decision.at_ms, action: decision.value.action, retry: false };
}

function promptRows(reports: readonly Timed<Report>[], decision: Row["decision"]): Row[] {
  const rows = reports.map((report, position) =>
    row(`prompt-${position}`, "prompt", report.value.detector, [bar(report)]),
  );
  if (decision) rows.push({ ...row("prompt-decision", "prompt", "Decision on the prompt", []), decision });
  return rows;
}

function attemptRows(attempt: Attempt, run: Run): Row[] {
  const unfinished = isUnderWay(run) ? "open" : "stopped";
  const asked: Bar = {
    label: "generator",
    start_ms: attempt.started_ms,
    end_ms: attempt.finished?.at_ms ?? (isUnderWay(run) ? null : run.at_ms),
    state: attempt.finished ? "done" : unfinished,
  };
  const generation = row(`attempt-${attempt.attempt}`, "generator", attemptLabel(attempt.attempt), [asked]);
  const pictures = attempt.pictures
    .filter((picture) => attempt.finished || picture.reports.length > 0 || picture.decided)
    .map((picture) => pictureRow(attempt, picture, isUnderWay(run)));
  return [{ ...generation, fraction: attempt.finished ? null : attempt.fraction }, ...pictures];
}

function pictureRow(attempt: Attempt, picture: AttemptedPicture, underWay: boolean): Row {
  const bars = picture.reports.map(bar);
  const waiting = underWay && bars.length === 0 && !picture.decided && attempt.finished;
  return {
    ...row(`picture-${attempt.attempt}-${picture.index}`, "picture", pictureLabel(picture.index, attempt.attempt), [
      ...bars,
      ...(waiting ? [{ label: "checks", start_ms: waiting.at_ms, end_ms: null, state: "open" as const }] : []),
    ]),
    decision: picture.decided && {
      at_ms: picture.decided.at_ms,
      action: picture.decided.decision.action,
      retry: picture.decided.retry,
    },
  };
}

/** From a stored record, which keeps how long everything took but not when it began. */
export function timelineOfRecord(record: GenerationRecord): Timeline {
  const { prompt_ms, generation_ms, image_ms, total_ms } = record.timings;
  const prompt = record.prompt;
  const promptReports = (prompt?.reports ?? []).map((value) => ({ at_ms: value.duration_ms, value }));
  const rows = promptRows(promptReports, prompt && { at_ms: prompt_ms, action: prompt.action, retry: false });
  if (record.attempts > 0) {
    const made: Bar = { label: "generator", start_ms: prompt_ms, end_ms: prompt_ms + generation_ms, state: "done" };
    const label = record.attempts === 1 ? attemptLabel(1) : `Generator, ${record.attempts} attempts`;
    rows.push(row("generation", "generator", label, [made]));
  }
  const checksStart = prompt_ms + generation_ms;
  rows.push(...record.trials.map((trial) => trialRow(trial, record.trials, checksStart)));
  return { rows, end_ms: Math.max(total_ms, checksStart + image_ms), measured: false };
}

function trialRow(trial: Trial, trials: readonly Trial[], start: number): Row {
  const bars = trial.reports.map((value) => bar({ at_ms: start + value.duration_ms, value }));
  const retry = trials.some((other) => other.index === trial.index && other.attempt > trial.attempt);
  const at_ms = Math.max(start, ...bars.map((it) => it.end_ms ?? start));
  return {
    ...row(`picture-${trial.attempt}-${trial.index}`, "picture", pictureLabel(trial.index, trial.attempt), bars),
    decision: { at_ms, action: trial.action, retry },
  };
}

function attemptLabel(attempt: number): string {
  return attempt === 1 ? "Generator" : `Generator, attempt ${attempt}`;
}

function pictureLabel(index: number, attempt: number): string {
  return attempt === 1 ? `Picture ${index + 1}` : `Picture ${index + 1}, attempt ${attempt}`;
}

function openRow(label: string, stage: Row["stage"], start_ms: number): Row {
  return row(`open-${label}`, stage, label, [{ label, start_ms, end_ms: null, state: "open" }]);
}

function row(id: string, stage: Row["stage"], label: string, bars: readonly Bar[]): Row {
  return { id, stage, label, bars, decision: null, fraction: null };
}

function bar({ at_ms, value }: Timed<Report>): Bar {
  return {
    label: value.detector,
    start_ms: Math.max(0, at_ms - value.duration_ms),
    end_ms: at_ms,
    state: value.state === "scored" ? "done" : "unknown",
  };
}
