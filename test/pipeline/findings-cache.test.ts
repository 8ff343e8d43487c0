import { once } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DecodedImage, Detector } from "../../src/contract/detector.ts";
import type { Finding, Report } from "../../src/contract/report.ts";
import { runDetector, type StageDetector } from "../../src/pipeline/detect.ts";
import { FindingsCache } from "../../src/pipeline/findings-cache.ts";
import { judgeBytes } from "../../src/pipeline/judge.ts";
import { detector, elapse, found, imaging, parts, picture, policy, run } from "./fakes.ts";

const LIMITS = { entries: 100, bytes: 1_000_000, seconds: 3_600 };
const never = new AbortController().signal;

/** A detector that looks when it is told to, and counts. */
function slow(
  inspect: (input: string, signal: AbortSignal) => Promise<Finding[]> | Finding[] = () => found("sexual", 0.4),
) {
  const looks: { input: string; signal: AbortSignal; finish(): void }[] = [];
  const made: Detector<string> & { version: string } = {
    id: "slow",
    version: "1",
    categories: ["sexual"],
    async inspect(input, signal, meter) {
      const gate = Promise.withResolvers<void>();
      looks.push({ input, signal, finish: gate.resolve });
      await Promise.race([gate.promise, once(signal, "abort").then(() => Promise.reject(signal.reason))]);
      meter?.(2);
      return inspect(input, signal);
    },
  };
  const stage: StageDetector<string> = { name: "slow", detector: made, budgetMs: 60_000, overlap: false };
  return { looks, stage, made };
}

const ask = (cache: FindingsCache, stage: StageDetector<string>, input: string, signal = never): Promise<Report> =>
  runDetector(stage, input, signal, { cache, digest: `sha256:${input}` });

describe("what a detector saw", () => {
  test("is remembered, the report says so, and nothing is billed for it", async () => {
    const cache = new FindingsCache(LIMITS);
    const { looks, stage } = slow();
    const first = ask(cache, stage, "a");
    looks[0]?.finish();
    expect(await first).toMatchObject({ state: "scored", findings: found("sexual", 0.4), units: 2 });
    expect(await first).not.toHaveProperty("cached");
    const second = await ask(cache, stage, "a");
    expect(second).toMatchObject({ state: "scored", findings: found("sexual", 0.4), cached: true, version: "slow@1" });
    expect(second).not.toHaveProperty("units");
    expect(looks).toHaveLength(1);
  });

  test("cannot be changed by whoever got it", async () => {
    const cache = new FindingsCache(LIMITS);
    const { looks, stage } = slow();
    const first = ask(cache, stage, "a");
    looks[0]?.finish();
    const report = await first;
    if (report.state === "scored") report.findings.splice(0);
    expect(await ask(cache, stage, "a")).toMatchObject({ findings: found("sexual", 0.4) });
  });

  test("is another one's for another picture, another detector with the same name and version, and a newer version", async () => {
    const cache = new FindingsCache(LIMITS);
    const [one, other] = [slow(), slow(() => found("sexual", 0.9))];
    const asked = [ask(cache, one.stage, "a"), ask(cache, one.stage, "b"), ask(cache, other.stage, "a")];
    for (const look of [...one.looks, ...other.looks]) look.finish();
    await Promise.all(asked);
    expect(await ask(cache, other.stage, "a")).toMatchObject({ findings: found("sexual", 0.9), cached: true });
    expect([one.looks.length, other.looks.length]).toEqual([2, 1]);
    one.made.version = "2";
    const newer = ask(cache, one.stage, "a");
    one.looks[2]?.finish();
    expect(await newer).toMatchObject({ version: "slow@2" });
    expect(await newer).not.toHaveProperty("cached");
  });

  test("is not kept when the detector came to hold a newer model meanwhile", async () => {
    const cache = new FindingsCache(LIMITS);
    const { looks, stage, made } = slow();
    const first = ask(cache, stage, "a");
    made.version = "2";
    looks[0]?.finish();
    await first;
    expect(cache.entries).toBe(0);
  });

  test("is not kept when it is malformed or the detector failed: it looks again", async () => {
    const cache = new FindingsCache(LIMITS);
    let answer: () => Finding[] = () => [{ category: "sexual", score: 7 }];
    const { looks, stage } = slow(() => answer());
    const wrong = ask(cache, stage, "a");
    looks[0]?.finish();
    expect(await wrong).toMatchObject({ state: "unknown", because: "detector_failed", units: 2 });
    answer = () => {
      throw new Error("broken");
    };
    const broken = ask(cache, stage, "a");
    looks[1]?.finish();
    expect(await broken).toMatchObject({ state: "unknown" });
    answer = () => found("sexual", 0.1);
    const right = ask(cache, stage, "a");
    looks[2]?.finish();
    expect(await right).toMatchObject({ state: "scored", findings: found("sexual", 0.1) });
    expect(cache.entries).toBe(1);
  });

  test("lasts as long as it is told to", async () => {
    let now = 0;
    const cache = new FindingsCache({ ...LIMITS, seconds: 10 }, () => now);
    const { looks, stage } = slow();
    const first = ask(cache, stage, "a");
    looks[0]?.finish();
    await first;
    now = 10_000;
    const second = ask(cache, stage, "a");
    expect(looks).toHaveLength(2);
    looks[1]?.finish();
    await second;
  });
});

describe("two who ask for the same picture at once", () => {
  test("share one look, and one of them is billed", async () => {
    const cache = new FindingsCache(LIMITS);
    const { looks, stage } = slow();
    const both = [ask(cache, stage, "a"), ask(cache, stage, "a")];
    expect(looks).toHaveLength(1);
    looks[0]?.finish();
    const [one, two] = await Promise.all(both);
    expect([one?.units, two?.units, one?.cached, two?.cached]).toEqual([2, undefined, undefined, true]);
    expect(two).toMatchObject({ state: "scored", findings: found("sexual", 0.4) });
  });

  test("the first may leave: the other gets its result, and the bill", async () => {
    const cache = new FindingsCache(LIMITS);
    const { looks, stage } = slow();
    const caller = new AbortController();
    const gone = ask(cache, stage, "a", caller.signal);
    const stays = ask(cache, stage, "a");
    caller.abort(new Error("gone"));
    await expect(gone).rejects.toThrow("gone");
    expect(looks[0]?.signal.aborted).toBe(false);
    looks[0]?.finish();
    expect(await stays).toMatchObject({ state: "scored", findings: found("sexual", 0.4), units: 2 });
    expect(cache.entries).toBe(1);
  });

  test("the look is aborted when both have left; who comes then starts another one", async () => {
    const cache = new FindingsCache(LIMITS);
    const { looks, stage } = slow();
    const callers = [new AbortController(), new AbortController()];
    const gone = callers.map(({ signal }) => ask(cache, stage, "a", signal));
    for (const caller of callers) caller.abort(new Error("gone"));
    expect((await Promise.allSettled(gone)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(looks[0]?.signal.aborted).toBe(true);
    const later = ask(cache, stage, "a");
    looks[1]?.finish();
    expect(await later).toMatchObject({ state: "scored", units: 2 });
    expect(looks).toHaveLength(2);
  });

  test("what a detector makes of an abort is not kept", async () => {
    const cache = new FindingsCache(LIMITS);
    const made: Detector<string> = {
      id: "hasty",
      version: "1",
      categories: ["sexual"],
      inspect: async (_input, signal) => once(signal, "abort").then(() => []),
    };
    const caller = new AbortController();
    const gone = ask(cache, { name: "hasty", detector: made, budgetMs: 60_000, overlap: false }, "a", caller.signal);
    caller.abort(new Error("gone"));
    await expect(gone).rejects.toThrow("gone");
    await new Promise(setImmediate);
    expect(cache.entries).toBe(0);
  });

  test("each has a budget of its own", async () => {
    const cache = new FindingsCache(LIMITS);
    const { looks, stage } = slow();
    const hasty = ask(cache, { ...stage, budgetMs: 1 }, "a");
    const patient = ask(cache, stage, "a");
    expect(await hasty).toMatchObject({ state: "unknown", because: "detector_timeout" });
    looks[0]?.finish();
    expect(await patient).toMatchObject({ state: "scored", findings: found("sexual", 0.4) });
  });

  test("what was billed before nobody waited any more is in the last report", async () => {
    const cache = new FindingsCache(LIMITS);
    const made: Detector<string> = {
      ...{ id: "dear", version: "1", categories: ["sexual"] },
      async inspect(_input, signal, meter) {
        meter?.(3);
        return once(signal, "abort").then(() => Promise.reject(signal.reason));
      },
    };
    const stage = { name: "dear", detector: made, budgetMs: 1, overlap: false };
    const reports = await Promise.all([ask(cache, stage, "a"), ask(cache, stage, "a")]);
    expect(reports.map(({ state }) => state)).toEqual(["unknown", "unknown"]);
    expect(reports.map(({ units }) => units).filter((units) => units !== undefined)).toEqual([3]);
  });

  test("whoever asks and leaves, everybody who stays gets what the detector says of this picture, and units add up", async () => {
    const step = fc.record({ input: fc.constantFrom("a", "b", "c"), leaves: fc.boolean(), pause: fc.nat(2) });
    const steps = fc.array(step, { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (asked, entries) => {
        const cache = new FindingsCache({ ...LIMITS, entries });
        let finished = 0;
        const made: Detector<string> = {
          ...{ id: "exact", version: "1", categories: ["sexual"] },
          async inspect(input, signal, meter) {
            for (let i = 0; i < 3; i++) await new Promise(setImmediate);
            signal.throwIfAborted();
            meter?.(1);
            finished += 1;
            return found("sexual", (input.codePointAt(0) ?? 0) / 200);
          },
        };
        const stage = { name: "exact", detector: made, budgetMs: 60_000, overlap: false };
        const reports = asked.map(async ({ input, leaves, pause }, i) => {
          for (let j = 0; j < pause + (i % 3); j++) await new Promise(setImmediate);
          const caller = new AbortController();
          const report = ask(cache, stage, input, caller.signal);
          if (leaves) caller.abort(new Error("gone"));
          const settled = await report.catch(() => undefined);
          if (!leaves) expect(settled).toMatchObject({ findings: await made.inspect(input, never) });
          if (!leaves) finished -= 1;
          return settled?.units ?? 0;
        });
        const units = (await Promise.all(reports)).reduce((sum, each) => sum + each, 0);
        expect(units).toBe(finished);
        expect(cache.entries).toBeLessThanOrEqual(entries);
      }),
    );
  });
});

describe("the picture stage", () => {
  test("judges a picture once, however many policies share its detectors, and each decides for itself", async () => {
    const findings = new FindingsCache(LIMITS);
    let looks = 0;
    const eyes = detector<DecodedImage>("eyes", async (_image, signal) => {
      looks += 1;
      await elapse(2, signal);
      return found("sexual", 0.6);
    });
    const lenient = policy({ image: { detectors: { eyes: {} }, categories: { sexual: { block: 0.9 } } } });
    const made = picture(1);
    if (made.kind !== "image") throw new Error("no picture");
    const judge = (by = policy()) => judgeBytes(made.bytes, imaging, by, [eyes], never, { cache: findings });
    const judged = await Promise.all([judge(), judge(lenient), judge()]);
    expect(judged.map(({ judgement }) => judgement.action)).toEqual(["blur", "allow", "blur"]);
    expect(judged.map(({ judgement }) => judgement.reports[0]?.cached)).toEqual([undefined, true, true]);
    expect(looks).toBe(1);
  });

  test("a generation uses it, and its record says what was not looked at again", async () => {
    const findings = new FindingsCache(LIMITS);
    const made = parts({ findings });
    const first = await run(made);
    const second = await run(made);
    const cached = ({ record }: typeof first) =>
      record.trials.flatMap(({ reports }) => reports.map((one) => one.cached));
    expect(cached(first)).toEqual([undefined]);
    expect(cached(second)).toEqual([true]);
    expect(second.record.action).toBe(first.record.action);
  });
});
