import { describe, expect, test } from "vitest";
import type { StreamEvent } from "../../web/src/api/events.ts";
import { cutOff } from "../../web/src/api/problem.ts";
import { isUnderWay, newRun, pictureProgress, type Run, reduceRun } from "../../web/src/run/run.ts";
import { EMPTY_SESSION, reduceSession, shownRun } from "../../web/src/run/session.ts";
import { answer, decision, REQUEST, RETRIED, report, STARTED } from "./fixtures.ts";

function runAfter(events: readonly StreamEvent[], run: Run = newRun(1, REQUEST)): Run {
  return events.reduce((state, event) => reduceRun(state, { type: "event", event }), run);
}

describe("the reducer over a generation's events", () => {
  test("a new run is connecting, and running once it has started", () => {
    expect(newRun(1, REQUEST).phase).toBe("connecting");
    expect(runAfter([STARTED])).toMatchObject({ phase: "running", started: { id: "gen_1", seed: 7 } });
  });

  test("a retried picture has two attempts, each with its checks and decision", () => {
    const run = runAfter(RETRIED);
    expect(run.promptReports.map((it) => it.value.detector)).toEqual(["rules"]);
    expect(run.promptDecision?.value.action).toBe("allow");
    expect(run.attempts.map((it) => it.pictures[0]?.decided?.retry)).toEqual([true, false]);
    expect(run.attempts[1]?.pictures[0]?.seed).toBe(8);
    expect(run.at_ms).toBe(121);
  });

  test("finished brings the answer and ends the run", () => {
    const run = runAfter([...RETRIED, { type: "finished", at_ms: 125, record: answer() }]);
    expect(run).toMatchObject({ phase: "finished", answer: { id: "gen_1" } });
    expect(isUnderWay(run)).toBe(false);
  });

  test("nothing that comes after the end changes it", () => {
    const cancelled = reduceRun(runAfter(RETRIED.slice(0, 4)), { type: "cancelled" });
    expect(cancelled.phase).toBe("cancelled");
    expect(runAfter(RETRIED.slice(4), cancelled)).toBe(cancelled);
    expect(reduceRun(cancelled, { type: "failed", problem: cutOff().problem })).toBe(cancelled);
  });

  test("a failure keeps what had been seen", () => {
    const run = reduceRun(runAfter(RETRIED.slice(0, 6)), { type: "failed", problem: cutOff().problem });
    expect(run).toMatchObject({ phase: "failed", problem: { code: "cut_off" } });
    expect(run.attempts).toHaveLength(1);
  });

  test("an event of a kind that it does not know is passed over", () => {
    const before = runAfter(RETRIED.slice(0, 3));
    const unknown = { type: "astonished", at_ms: 9 } as unknown as StreamEvent;
    expect(runAfter([unknown], before)).toEqual({ ...before, at_ms: 9 });
  });

  test("it does not change what it was given", () => {
    const run = runAfter(RETRIED.slice(0, 5));
    const copy = structuredClone(run);
    runAfter(RETRIED.slice(5), run);
    expect(run).toEqual(copy);
  });
});

describe("where a picture stands", () => {
  const states = (count: number) => pictureProgress(runAfter(RETRIED.slice(0, count))).map((it) => it.state);

  test("it goes from waiting over generating and checking to decided, through a retry", () => {
    expect([3, 5, 6, 7, 8, 9, 12].map((count) => states(count)[0])).toEqual([
      "waiting",
      "generating",
      "checking",
      "checking",
      "again",
      "generating",
      "decided",
    ]);
  });

  test("each of several pictures stands by itself", () => {
    const run = runAfter(
      [
        {
          type: "generation_started",
          at_ms: 1,
          attempt: 1,
          images: [0, 1, 2].map((index) => ({ index, seed: index })),
        },
        { type: "generation_finished", at_ms: 2, attempt: 1, duration_ms: 1 },
        { type: "image_report", at_ms: 3, attempt: 1, index: 1, report: report("nsfw", 1) },
        { type: "image_decided", at_ms: 3, attempt: 1, index: 1, decision: decision("review"), retry: false },
        { type: "image_decided", at_ms: 3, attempt: 1, index: 2, decision: decision("block"), retry: true },
      ],
      newRun(1, { ...REQUEST, n: 3 }),
    );
    expect(pictureProgress(run).map((it) => it.state)).toEqual(["checking", "decided", "again"]);
  });
});

describe("the session", () => {
  const submitted = (key: number) => ({ type: "submitted", key, request: REQUEST }) as const;

  test("shows the newest run, and an older one when asked to", () => {
    let session = [1, 2].map(submitted).reduce(reduceSession, EMPTY_SESSION);
    expect(shownRun(session)?.key).toBe(2);
    session = reduceSession(session, { type: "show", key: 1 });
    expect(shownRun(session)?.key).toBe(1);
  });

  test("gives events to their own run only", () => {
    let session = [1, 2].map(submitted).reduce(reduceSession, EMPTY_SESSION);
    session = reduceSession(session, { type: "run", key: 1, action: { type: "cancelled" } });
    expect(session.runs.map((run) => [run.key, run.phase])).toEqual([
      [2, "connecting"],
      [1, "cancelled"],
    ]);
  });

  test("keeps the last twelve", () => {
    const session = Array.from({ length: 20 }, (_, key) => submitted(key)).reduce(reduceSession, EMPTY_SESSION);
    expect(session.runs).toHaveLength(12);
    expect(session.runs[0]?.key).toBe(19);
  });
});
