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
  /** Whose check it is, before the label; empty where the label says all. */
  readonly group: string;
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
    ...(open && !run.promptDecision && run.promptReports.length === 0 ? [waitingForPrompt()] : []),
    ...run.attempts.flatMap((attempt) => attemptRows(attempt, run)),
  ];
  return { rows, end_ms: run.at_ms, measured: true };
}

function decisionAt(decision: Timed<{ readonly action: Action }>): Row["decision"] {
  return { at_ms: decision.at_ms, action: decision.value.action, retry: false };
}

function promptRows(reports: readonly Timed<Report>[], decision: Row["decision"]): Row[] {
  const rows = reports.map((report, position) =>
    row(`prompt-${position}`, "prompt", "Prompt", report.value.detector, [bar(report)]),
  );
  if (decision) rows.push({ ...row("prompt-decision", "prompt", "Prompt", "decision", []), decision });
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
  const generation = row(`attempt-${attempt.attempt}`, "generator", "", attemptLabel(attempt.attempt), [asked]);
  const pictures = attempt.pictures
    .filter((picture) => attempt.finished || picture.reports.length > 0 || picture.decided)
    .flatMap((picture) => pictureRows(attempt, picture, run));
  return [{ ...generation, fraction: attempt.finished ? null : attempt.fraction }, ...pictures];
}

function pictureRows(attempt: Attempt, { index, reports, decided }: AttemptedPicture, run: Run): Row[] {
  const at = { attempt: attempt.attempt, index, alone: run.request.n === 1, label: "" };
  const decision = decided && { at_ms: decided.at_ms, action: decided.decision.action, retry: decided.retry };
  if (reports.length > 0 || decided || !attempt.finished || !isUnderWay(run)) return checkRows(at, reports, decision);
  const waiting: Bar = { label: "checks", start_ms: attempt.finished.at_ms, end_ms: null, state: "open" };
  return [row(`picture-${at.attempt}-${index}`, "picture", `Picture ${index + 1}`, "checks", [waiting])];
}

interface PictureAt {
  readonly attempt: number;
  readonly index: number;
  /** Whether it is the only picture asked for. Its checks then get a row each; of several pictures, each gets one row. */
  readonly alone: boolean;
  /** Which attempt, where the rows around do not tell. */
  readonly label: string;
}

function checkRows(at: PictureAt, reports: readonly Timed<Report>[], decision: Row["decision"]): Row[] {
  const id = `picture-${at.attempt}-${at.index}`;
  const group = `Picture ${at.index + 1}`;
  if (!at.alone) return [{ ...row(id, "picture", group, at.label, reports.map(bar)), decision }];
  const rows = reports.map((report, position) =>
    row(`${id}-${position}`, "picture", group, `${report.value.detector}${at.label && ` · ${at.label}`}`, [
      bar(report),
    ]),
  );
  if (decision) rows.push({ ...row(`${id}-decision`, "picture", group, "decision", []), decision });
  return rows;
}

/** From a stored record, which keeps how long everything took but not when it began. */
export function timelineOfRecord(record: GenerationRecord): Timeline {
  const { prompt_ms, generation_ms, total_ms } = record.timings;
  const prompt = record.prompt;
  const promptReports = (prompt?.reports ?? []).map((value) => ({ at_ms: value.duration_ms, value }));
  const rows = promptRows(promptReports, prompt && { at_ms: prompt_ms, action: prompt.action, retry: false });
  if (record.attempts > 0) {
    const made: Bar = { label: "generator", start_ms: prompt_ms, end_ms: prompt_ms + generation_ms, state: "done" };
    const label = record.attempts === 1 ? attemptLabel(1) : `Generator, ${record.attempts} attempts`;
    rows.push(row("generation", "generator", "", label, [made]));
  }
  let end = prompt_ms + generation_ms;
  for (let attempt = 1; attempt <= record.attempts; attempt++) {
    const start = end;
    const trials = record.trials.filter((trial) => trial.attempt === attempt);
    rows.push(...trials.flatMap((trial) => trialRows(trial, record, start)));
    end += Math.max(0, ...trials.flatMap((trial) => trial.reports.map((it) => it.duration_ms)));
  }
  return { rows, end_ms: Math.max(total_ms, end), measured: false };
}

function trialRows(trial: Trial, record: GenerationRecord, start: number): Row[] {
  const { attempt, index } = trial;
  const reports = trial.reports.map((value) => ({ at_ms: start + value.duration_ms, value }));
  const retry = record.trials.some((other) => other.index === index && other.attempt > attempt);
  const at_ms = Math.max(start, ...reports.map((report) => report.at_ms));
  const label = record.attempts === 1 ? "" : `attempt ${attempt}`;
  return checkRows({ attempt, index, alone: record.request.n === 1, label }, reports, {
    at_ms,
    action: trial.action,
    retry,
  });
}

function attemptLabel(attempt: number): string {
  return attempt === 1 ? "Generator" : `Generator, attempt ${attempt}`;
}

function waitingForPrompt(): Row {
  return row("prompt-open", "prompt", "Prompt", "checks", [
    { label: "checks", start_ms: 0, end_ms: null, state: "open" },
  ]);
}

function row(id: string, stage: Row["stage"], group: string, label: string, bars: readonly Bar[]): Row {
  return { id, stage, group, label, bars, decision: null, fraction: null };
}

function bar({ at_ms, value }: Timed<Report>): Bar {
  return {
    label: value.detector,
    start_ms: Math.max(0, at_ms - value.duration_ms),
    end_ms: at_ms,
    state: value.state === "scored" ? "done" : "unknown",
  };
}
