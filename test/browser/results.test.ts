import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Coverage } from "../../src/contract/decision.ts";
import type { Judgement } from "../../src/contract/generation.ts";
import type { Finding } from "../../src/contract/report.ts";
import { fieldError, otherErrors, toProblem } from "../../web/src/api/problem.ts";
import { axisTicks } from "../../web/src/result/axis.ts";
import { countCoverage, coverageRows } from "../../web/src/result/coverage.ts";
import { curlGenerate, shellQuote } from "../../web/src/result/curl.ts";
import { milliseconds, percent } from "../../web/src/result/format.ts";
import { marksOf, segmentsOf } from "../../web/src/result/marks.ts";
import { pictureKind, verdictOf } from "../../web/src/result/outcome.ts";
import { fileName, pictureSource } from "../../web/src/result/pictures.ts";
import { timelineOfRecord, timelineOfRun } from "../../web/src/result/timeline.ts";
import { newRun, reduceRun } from "../../web/src/run/run.ts";
import { answer, decision, failedReport, image, REQUEST, RETRIED, reason, report, trial } from "./fixtures.ts";

const shell = promisify(execFile);

describe("the curl command", () => {
  test("reaches curl word for word through a shell, whatever the prompt holds", async () => {
    const prompt = `it's "quoted" $HOME \`id\` \\ !! %s\nnext 🦊 'end'`;
    const command = curlGenerate("http://127.0.0.1:8080", { ...REQUEST, prompt, seed: 5 });
    const { stdout } = await shell("sh", ["-c", command.replace(/^curl -sS/, "printf '%s\\0'")]);
    const [url, , header, , data = ""] = stdout.split("\0");
    expect(url).toBe("http://127.0.0.1:8080/api/v1/generations");
    expect(header).toBe("content-type: application/json");
    expect(JSON.parse(data)).toEqual({ prompt, width: 512, height: 512, n: 1, seed: 5, b64: false });
  });

  test("any text survives quoting", async () => {
    const texts = fc.sample(fc.string({ unit: "grapheme" }), 40).map((text) => text.replaceAll("\0", ""));
    const { stdout } = await shell("sh", ["-c", `printf '%s\\0' ${texts.map(shellQuote).join(" ")}`]);
    expect(stdout.split("\0").slice(0, -1)).toEqual(texts);
  });
});

describe("marks in the prompt", () => {
  const judgement = (over: Partial<Judgement>): Judgement => ({ ...decision("warn"), reports: [], ...over });
  const finding = (start: number, end: number, score: number): Finding => ({
    category: "violence",
    score,
    evidence: { span: [start, end] },
  });

  test("a finding that reached a threshold carries the action, one below does not", () => {
    const marks = marksOf(
      judgement({
        reasons: [reason({ stage: "prompt", detector: "rules", threshold: 0.5, score: 0.75, action: "warn" })],
        reports: [report("rules", 1, [finding(2, 5, 0.75), finding(8, 9, 0.25), { category: "hate", score: 1 }])],
      }),
    );
    expect(marks.map(({ start, end, action }) => [start, end, action])).toEqual([
      [2, 5, "warn"],
      [8, 9, null],
    ]);
  });

  test("the segments are the text again, and each mark covers exactly its span", () => {
    const span = fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", " ", "é", "🦊"), maxLength: 40 }),
        fc.array(span, { maxLength: 6 }),
        (text, spans) => {
          const marks = marksOf(
            judgement({
              reports: [
                report(
                  "rules",
                  1,
                  spans.map(([a, b]) => finding(a, b, 0.5)),
                ),
              ],
            }),
          );
          const segments = segmentsOf(text, marks);
          expect(segments.map((it) => it.text).join("")).toBe(text);
          for (const mark of marks) {
            const covered = segments.filter((it) => it.marks.includes(mark)).map((it) => it.text);
            expect(covered.join("")).toBe(text.slice(mark.start, mark.end));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test("where marks overlap, the strongest comes first", () => {
    const marks = marksOf(
      judgement({
        reasons: [
          reason({ detector: "a", threshold: 0.5, action: "warn" }),
          reason({ detector: "b", threshold: 0.5, action: "block" }),
        ],
        reports: [report("a", 1, [finding(0, 8, 0.9)]), report("b", 1, [finding(4, 6, 0.9)])],
      }),
    );
    const overlap = segmentsOf("0123456789", marks).find((it) => it.text === "45");
    expect(overlap?.marks.map((mark) => mark.action)).toEqual(["block", "warn"]);
  });
});

describe("the verdict", () => {
  const titles = (over: Parameters<typeof answer>[0]) => verdictOf(answer(over)).title;
  const held = image(1, decision("review"));

  test("counts what became of the pictures", () => {
    expect(titles({})).toBe("Picture clear");
    expect(titles({ images: [image(0), held, image(2)] })).toBe("2 pictures clear, 1 held for review");
    expect(titles({ images: [image(0, { action: "blur", blurred: true })] })).toBe("Picture blurred");
  });

  test("says so when the prompt was warned about", () => {
    const prompt = { ...decision("warn"), reports: [] };
    const warnings = [{ stage: "prompt", category: "gore", action: "warn", index: null, message: "A word" }] as const;
    expect(verdictOf(answer({ prompt, warnings: [...warnings] }))).toMatchObject({
      tone: "warn",
      title: "Picture clear, prompt warned",
      detail: "A word.",
    });
  });

  test("has the tone of the worst picture", () => {
    expect(verdictOf(answer({ images: [image(0), held] })).tone).toBe("review");
  });

  test("tells a refused, a held and a failed generation apart", () => {
    const none = { images: [], trials: [], attempts: 0 };
    expect(titles({ ...none, state: "refused" })).toBe("Prompt refused");
    expect(titles({ ...none, state: "held" })).toBe("Prompt held for review");
    expect(
      verdictOf(answer({ ...none, state: "failed", error: { code: "provider_failed", detail: "no luck" } })).detail,
    ).toBe("no luck");
  });

  test("a picture that the generator kept back is not called blocked", () => {
    const withheld = answer({
      images: [image(0, decision("block"))],
      trials: [trial(0, 1, { withheld: "its filter" })],
    });
    expect(withheld.images.map((it) => pictureKind(withheld, it))).toEqual(["withheld"]);
  });
});

describe("coverage", () => {
  const covered = (state: Coverage["state"], score: number | null, required = false): Coverage => ({
    category: "violence",
    state,
    required,
    score,
    detectors: ["nsfw"],
  });

  test("several pictures are no better than the worst of them", () => {
    const rows = coverageRows({
      prompt: null,
      images: [
        image(0, { coverage: [covered("scored", 0.2)] }),
        image(1, { coverage: [covered("unknown", null, true)] }),
        image(2, { coverage: [covered("scored", 0.7)] }),
      ],
    });
    expect(rows).toEqual([{ category: "violence", prompt: null, pictures: { ...covered("unknown", 0.7, true) } }]);
    expect(countCoverage(rows.map((row) => row.pictures))).toEqual({ scored: 0, unknown: 1, not_covered: 0 });
  });
});

describe("the timeline", () => {
  const run = RETRIED.reduce((state, event) => reduceRun(state, { type: "event", event }), newRun(1, REQUEST));

  test("has a row for every check, decision and attempt, in the order of events", () => {
    expect(timelineOfRun(run).rows.map((row) => `${row.group} ${row.label}`.trim())).toEqual([
      "Prompt rules",
      "Prompt decision",
      "Generator",
      "Picture 1 nsfw",
      "Picture 1 decision",
      "Generator, attempt 2",
      "Picture 1 nsfw",
      "Picture 1 decision",
    ]);
  });

  test("a check starts as long before its report as it took", () => {
    expect(timelineOfRun(run).rows[3]?.bars).toEqual([{ label: "nsfw", start_ms: 42, end_ms: 60, state: "done" }]);
  });

  test("what is under way is open, and what was cancelled is stopped", () => {
    const generating = RETRIED.slice(0, 5).reduce(
      (state, event) => reduceRun(state, { type: "event", event }),
      newRun(1, REQUEST),
    );
    expect(timelineOfRun(generating).rows.at(-1)).toMatchObject({
      fraction: 0.5,
      bars: [{ end_ms: null, state: "open" }],
    });
    const cancelled = reduceRun(generating, { type: "cancelled" });
    expect(timelineOfRun(cancelled).rows.at(-1)?.bars).toMatchObject([{ end_ms: 20, state: "stopped" }]);
    expect(timelineOfRun(newRun(1, REQUEST)).rows).toMatchObject([{ label: "checks", bars: [{ end_ms: null }] }]);
  });

  test("from a stored record it says that it was not measured", () => {
    const timeline = timelineOfRecord(answer({ trials: [trial(0, 1, { reports: [failedReport("nsfw", 20)] })] }));
    expect(timeline.measured).toBe(false);
    expect(timeline.end_ms).toBe(84);
    expect(timeline.rows.find((row) => row.stage === "picture")?.bars).toMatchObject([
      { start_ms: 62, state: "unknown" },
    ]);
  });

  test("from a stored record every attempt follows the one before", () => {
    const { rows } = timelineOfRecord(answer({ attempts: 2, trials: [trial(0, 1), trial(0, 2)] }));
    const checks = rows.filter((row) => row.stage === "picture" && row.bars.length > 0);
    expect(checks.map((row) => [row.label, row.bars[0]?.start_ms])).toEqual([
      ["nsfw · attempt 1", 62],
      ["nsfw · attempt 2", 82],
    ]);
  });

  test("the axis has a few round marks", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (last) => {
        const { ticks, end } = axisTicks(last);
        expect(end).toBeGreaterThanOrEqual(last);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(6);
      }),
    );
  });
});

describe("problems", () => {
  const refused = {
    status: 400,
    code: "invalid_request",
    title: "The request is not valid",
    detail: "width is wrong",
    errors: [
      { pointer: "#/width", detail: "must be a multiple of 8" },
      { pointer: "#/shape", detail: "is not known" },
    ],
  };

  test("a field finds its own errors, and the rest is left over", () => {
    const problem = toProblem(400, refused);
    expect(fieldError(problem, "width")).toBe("Must be a multiple of 8.");
    expect(fieldError(problem, "height")).toBeNull();
    expect(otherErrors(problem, ["width"]).map((it) => it.pointer)).toEqual(["#/shape"]);
  });

  test.each([413, 502, 504, 418])("an answer %i that is not Safelight's still says what to do", (status) => {
    expect(toProblem(status, undefined)).toMatchObject({ status, code: "not_safelight" });
    expect(toProblem(status, "<html>").detail.length).toBeGreaterThan(20);
  });
});

test("pictures come from this page's own origin, whatever the server believes to be called", () => {
  expect(pictureSource("gen_1", image(2))).toBe("/api/v1/generations/gen_1/images/2");
  expect(pictureSource("gen_1", image(0, { url: null }))).toBeNull();
  expect(pictureSource("gen_1", image(0, { b64: "AAAA" }))).toBe("data:image/png;base64,AAAA");
  expect(fileName("gen_1", image(0, { media_type: "image/jpeg" }))).toBe("safelight-gen_1-1.jpg");
});

test("durations and shares stay short", () => {
  expect([0.04, 12.34, 340.2, 1250].map(milliseconds)).toEqual(["0.0 ms", "12.3 ms", "340 ms", "1.25 s"]);
  expect([0.004, 0.331, 1].map(percent)).toEqual(["0.4 %", "33 %", "100 %"]);
});
