import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { DecodedImage, Prompt } from "../../src/contract/detector.ts";
import { GenerationEventSchema, GenerationRecordSchema } from "../../src/contract/generation.ts";
import {
  detector,
  elapse,
  found,
  generator,
  imaging,
  parts,
  picture,
  policy,
  request,
  run,
  scoreOf,
  start,
} from "./fakes.ts";

const types = (events: readonly { type: string }[]) => events.map((event) => event.type);

describe("a moderated generation", () => {
  test("is a stream of typed events that ends in the record", async () => {
    const { events, record, released } = await run(parts());
    expect(types(events)).toEqual([
      "started",
      "prompt_report",
      "prompt_decided",
      "generation_started",
      "generation_finished",
      "image_report",
      "image_decided",
      "finished",
    ]);
    for (const event of events) GenerationEventSchema.parse(event);
    GenerationRecordSchema.parse(record);
    expect(record).toMatchObject({ state: "complete", action: "allow", attempts: 1, error: null });
    expect(record.images[0]).toMatchObject({ index: 0, action: "allow", seed: 100, blurred: false });
    expect(released.size).toBe(1);
  });

  test("a blocked prompt is refused before the generator hears of it", async () => {
    const made = generator();
    const { record, events } = await run(
      parts({ generator: made, promptDetectors: [detector<Prompt>("words", () => found("sexual", 0.95))] }),
    );
    expect(record).toMatchObject({ state: "refused", action: "block", attempts: 0, images: [] });
    expect(record.warnings[0]?.message).toMatch(/^The prompt was refused: words scored it 0\.95 for sexual/);
    expect(record.timings.moderation_share).toBe(1);
    expect(made.requests).toEqual([]);
    expect(types(events)).not.toContain("generation_started");
  });

  test("a prompt for review is held, and nothing is generated", async () => {
    const made = generator();
    const { record } = await run(
      parts({ generator: made, promptDetectors: [detector<Prompt>("words", () => found("sexual", 0.85))] }),
    );
    expect(record).toMatchObject({ state: "held", action: "review" });
    expect(made.requests).toEqual([]);
  });

  test("the policy's negative prompt goes to the generator, merged with the caller's", async () => {
    const made = generator();
    const { record } = await run(
      parts({ generator: made, policy: policy({ negative_prompt: "nude, gore" }) }),
      request({ negative_prompt: "blurry, Gore" }),
    );
    expect(made.requests[0]?.negativePrompt).toBe("nude, gore, blurry");
    expect(record.negative_prompt).toBe("nude, gore, blurry");
  });

  test("each picture is decided by itself, and the answer holds the good ones with reasons for the rest", async () => {
    const scores = [0, 0.6, 0.85, 0.95];
    const { record, released, originals } = await run(
      parts({ generator: generator((r) => r.images.map(({ index, seed }) => picture(seed, scores[index]))) }),
      request({ n: 4 }),
    );
    expect(record.images.map((image) => image.action)).toEqual(["allow", "blur", "review", "block"]);
    expect(record.images.map((image) => image.blurred)).toEqual([false, true, false, false]);
    expect([...released.keys()].sort()).toEqual([0, 1]);
    expect(Buffer.from(released.get(1)?.bytes ?? []).toString()).toBe("blurred");
    expect([...originals.keys()].sort()).toEqual([1, 2, 3]);
    expect(record.warnings.map((warning) => warning.index)).toEqual([1, 2, 3]);
    expect(record.action).toBe("block");
  });

  test("a picture that nobody looks at is not decoded, and still must be one", async () => {
    const before = imaging.decoded;
    const unseen = parts({
      policy: policy({ image: { detectors: {} } }),
      imageDetectors: [],
      generator: generator(() => [picture(1), { kind: "image", bytes: Buffer.alloc(0), mediaType: "image/png" }]),
    });
    const { record, released } = await run(unseen, request({ n: 2 }));
    expect(imaging.decoded - before).toBe(0);
    expect(record.images).toMatchObject([
      { action: "allow", width: 8, height: 8 },
      { action: "block", reasons: [{ label: "image_unreadable" }] },
    ]);
    expect([...released.keys()]).toEqual([0]);
  });

  test("a picture that is blurred because nobody looks at it is decoded for that", async () => {
    const before = imaging.decoded;
    const required = policy({ image: { detectors: {}, require: ["sexual"], on_unknown: "blur" } });
    const { record, released } = await run(parts({ policy: required, imageDetectors: [] }));
    expect(imaging.decoded - before).toBe(1);
    expect(record.images[0]).toMatchObject({ action: "blur", blurred: true });
    expect(Buffer.from(released.get(0)?.bytes ?? []).toString()).toBe("blurred");
  });

  test("a picture is decoded once, however many detectors look", async () => {
    const before = imaging.decoded;
    await run(parts({ imageDetectors: ["eyes", "more", "most"].map((name) => detector<DecodedImage>(name)) }));
    expect(imaging.decoded - before).toBe(1);
  });

  test("what pictures cost is counted, also for those that are thrown away", async () => {
    const { record } = await run(
      parts({
        policy: policy({ image: { retry: { times: 1 } } }),
        generator: generator((r) => r.images.map(({ seed }) => picture(seed, r.attempt === 1 ? 0.95 : 0))),
      }),
      request({ n: 2 }),
    );
    expect(record.cost).toEqual({
      amount: 0.04,
      currency: "USD",
      parts: [{ part: "fake", units: 4, unit_price: 0.01, amount: 0.04 }],
    });
  });
});

describe("making unsafe pictures again", () => {
  const retrying = (times: number, extra: object = {}) => policy({ image: { retry: { times, ...extra } } });

  test("only the unsafe ones, with new seeds, until they are safe", async () => {
    const made = generator((r) =>
      r.images.map(({ index, seed }) => picture(seed, index === 1 && r.attempt < 3 ? 0.6 : 0)),
    );
    const { record, events } = await run(parts({ generator: made, policy: retrying(5) }), request({ n: 3 }));
    expect(made.requests.map((r) => r.images.map(({ index }) => index))).toEqual([[0, 1, 2], [1], [1]]);
    const seeds = made.requests.flatMap((r) => r.images.map(({ seed }) => seed));
    expect(new Set(seeds).size).toBe(seeds.length);
    expect(record.images.map((image) => [image.action, image.attempt])).toEqual([
      ["allow", 1],
      ["allow", 3],
      ["allow", 1],
    ]);
    expect(record).toMatchObject({ attempts: 3, action: "allow" });
    expect(record.trials).toHaveLength(5);
    const retries = events.flatMap((event) =>
      event.type === "image_decided" && event.index === 1 ? [event.retry] : [],
    );
    expect(retries).toEqual([true, true, false]);
  });

  test("when no try is safe, the mildest is answered", async () => {
    const scores = [0.95, 0.6, 0.85];
    const { record } = await run(
      parts({
        policy: retrying(2),
        generator: generator((r) => r.images.map(({ seed }) => picture(seed, scores[r.attempt - 1]))),
      }),
    );
    expect(record.images[0]).toMatchObject({ action: "blur", attempt: 2, blurred: true });
  });

  test("with a strengthened negative prompt where the policy has one", async () => {
    const made = generator((r) => r.images.map(({ seed }) => picture(seed, 0.95)));
    await run(parts({ generator: made, policy: retrying(1, { strengthen: "nsfw" }) }));
    expect(made.requests.map((r) => r.negativePrompt)).toEqual(["", "nsfw"]);
  });

  test("not for a prompt that was warned about, unless the policy says so", async () => {
    const warned = [detector<Prompt>("words", () => found("sexual", 0.6))];
    const unsafe = () => generator((r) => r.images.map(({ seed }) => picture(seed, 0.95)));
    const [never, still] = [unsafe(), unsafe()];
    await run(parts({ generator: never, promptDetectors: warned, policy: retrying(1) }));
    await run(parts({ generator: still, promptDetectors: warned, policy: retrying(1, { after_warned_prompt: true }) }));
    expect([never.requests.length, still.requests.length]).toEqual([1, 2]);
  });

  test("not when the check failed: another picture would not mend the check", async () => {
    const made = generator();
    const broken = detector<DecodedImage>("eyes", () => {
      throw new Error("broken");
    });
    const { record } = await run(parts({ generator: made, policy: retrying(3), imageDetectors: [broken] }));
    expect(made.requests).toHaveLength(1);
    expect(record.images[0]).toMatchObject({ action: "block", blurred: false });
  });

  test("a picture that the back end withheld is a value, and is tried again like an unsafe one", async () => {
    const made = generator((r) =>
      r.images.map(({ seed }) => (r.attempt === 1 ? { kind: "withheld", reason: "its own filter" } : picture(seed))),
    );
    const { record } = await run(parts({ generator: made, policy: retrying(1) }));
    expect(record.trials[0]).toMatchObject({ action: "block", withheld: "its own filter", digest: null });
    expect(record.images[0]).toMatchObject({ action: "allow", attempt: 2 });
  });

  test("a back end that fails later costs the further tries, not the pictures that are there", async () => {
    const made = generator((r) => {
      if (r.attempt > 1) throw new Error("out of memory");
      return r.images.map(({ index, seed }) => picture(seed, index === 0 ? 0 : 0.6));
    });
    const { record, released } = await run(parts({ generator: made, policy: retrying(2) }), request({ n: 2 }));
    expect(record.state).toBe("complete");
    expect(record.images.map((image) => image.action)).toEqual(["allow", "blur"]);
    expect(released.size).toBe(2);
    expect(record.warnings.at(-1)?.message).toMatch(/^Another try failed/);
  });
});

describe("when a check does not happen", () => {
  test("a prompt detector that throws leaves the prompt unknown, and the policy blocks it", async () => {
    const broken = detector<Prompt>("words", () => {
      throw new Error("secret path /etc");
    });
    const { record } = await run(parts({ promptDetectors: [broken] }));
    expect(record.state).toBe("refused");
    expect(JSON.stringify(record)).not.toContain("secret path");
    expect(record.prompt?.reasons[0]).toMatchObject({ detector: "words", score: null, label: "detector_failed" });
  });

  test("a detector that ignores its signal cannot hold the answer beyond its budget", async () => {
    const deaf = detector<Prompt>("words", () => new Promise(() => {}), { budgetMs: 40 });
    const begin = performance.now();
    const { record } = await run(parts({ promptDetectors: [deaf] }));
    expect(performance.now() - begin).toBeLessThan(1_000);
    expect(record.prompt?.reports[0]).toMatchObject({ state: "unknown", because: "detector_timeout" });
  });

  test.each([
    ["NaN", [{ category: "sexual" as const, score: Number.NaN }]],
    ["beyond 1", [{ category: "sexual" as const, score: 1.5 }]],
    ["of a category that does not exist", [{ category: "rudeness" as never, score: 0.1 }]],
  ])("a score that is %s is unknown, never safe", async (_name, findings) => {
    const { record } = await run(parts({ imageDetectors: [detector<DecodedImage>("eyes", () => findings)] }));
    expect(record.images[0]?.action).toBe("block");
    expect(record.trials[0]?.reports[0]?.state).toBe("unknown");
  });

  test("bytes that are no picture are blocked, whatever the policy requires", async () => {
    const lenient = policy({ image: { detectors: { eyes: { required: false } } } });
    const empty = generator((r) =>
      r.images.map(() => ({ kind: "image", bytes: new Uint8Array(0), mediaType: "image/png" })),
    );
    const { record, released } = await run(parts({ policy: lenient, generator: empty }));
    expect(record.images[0]?.action).toBe("block");
    expect(record.images[0]?.reasons[0]).toMatchObject({ label: "image_unreadable" });
    expect(released.size).toBe(0);
  });

  test("a policy that names a detector which never ran does not allow", async () => {
    const { record } = await run(parts({ imageDetectors: [] }));
    expect(record.images[0]?.reasons[0]).toMatchObject({ detector: "eyes", label: "missing", action: "block" });
  });
});

describe("when the generator fails", () => {
  test("an error is an error, with its code", async () => {
    const { record } = await run(
      parts({
        generator: generator(() => {
          throw new Error("connection refused to http://secret");
        }),
      }),
    );
    expect(record).toMatchObject({ state: "failed", error: { code: "provider_failed" } });
    expect(JSON.stringify(record)).not.toContain("secret");
  });

  test("a generator that hangs is given up", async () => {
    const { record } = await run(parts({ generator: generator(() => new Promise(() => {})), timeoutMs: 30 }));
    expect(record.error?.code).toBe("provider_timeout");
  });

  test.each([0, 1, 3])("%i pictures where 2 were asked for is a failure", async (count) => {
    const { record } = await run(
      parts({ generator: generator(() => Array.from({ length: count }, (_, i) => picture(i))) }),
      request({ n: 2 }),
    );
    expect(record).toMatchObject({ state: "failed", error: { code: "provider_failed" } });
  });
});

describe("slow prompt checks that overlap with the generation", () => {
  const overlapping = policy({ prompt: { detectors: { words: {}, slow: { overlap: true } } } });
  const slow = (score: number, ms = 60) =>
    detector<Prompt>("slow", (_prompt, signal) => elapse(ms, signal).then(() => found("sexual", score)), {
      overlap: true,
    });
  const words = detector<Prompt>("words");

  test("the generation starts before their verdict, and nothing is released before it", async () => {
    const { events, record } = await run(parts({ policy: overlapping, promptDetectors: [words, slow(0)] }));
    const order = types(events);
    expect(order.indexOf("generation_started")).toBeLessThan(order.indexOf("prompt_decided"));
    expect(order.at(-1)).toBe("finished");
    expect(record).toMatchObject({ state: "complete", action: "allow" });
    expect(record.timings.prompt_ms).toBeGreaterThanOrEqual(55);
  });

  test("a late block aborts the back end, and no picture is answered", async () => {
    const made = generator(async (r, signal) => {
      await elapse(5_000, signal);
      return r.images.map(({ seed }) => picture(seed));
    });
    const begin = performance.now();
    const { record, released } = await run(
      parts({ generator: made, policy: overlapping, promptDetectors: [words, slow(0.95)] }),
    );
    expect(performance.now() - begin).toBeLessThan(2_000);
    expect(made.aborted()).toBe(true);
    expect(record).toMatchObject({ state: "refused", images: [] });
    expect(released.size).toBe(0);
  });

  test("a late block holds back pictures that were ready long before", async () => {
    const { record, released } = await run(parts({ policy: overlapping, promptDetectors: [words, slow(0.95)] }));
    expect(record.state).toBe("refused");
    expect(released.size).toBe(0);
  });

  test("a fast block does not wait for them", async () => {
    const begin = performance.now();
    const { record } = await run(
      parts({
        policy: overlapping,
        promptDetectors: [detector<Prompt>("words", () => found("sexual", 0.95)), slow(0, 5_000)],
      }),
    );
    expect(performance.now() - begin).toBeLessThan(2_000);
    expect(record.state).toBe("refused");
    expect(record.prompt?.reasons.every((reason) => reason.score !== null)).toBe(true);
  });

  test("one that fails leaves the prompt unknown", async () => {
    const failing = detector<Prompt>(
      "slow",
      async () => {
        await sleep(20);
        throw new Error("down");
      },
      { overlap: true },
    );
    const { record } = await run(parts({ policy: overlapping, promptDetectors: [words, failing] }));
    expect(record.state).toBe("refused");
  });
});

describe("a caller that goes away", () => {
  test("aborts the generator and the record says so", async () => {
    const caller = new AbortController();
    const made = generator(async (_r, signal) => {
      caller.abort();
      await elapse(5_000, signal);
      return [];
    });
    const { record } = await run(parts({ generator: made }), request(), caller.signal);
    expect(made.aborted()).toBe(true);
    expect(record.state).toBe("cancelled");
  });

  test("leaving the loop aborts everything too", async () => {
    const made = generator(async (_r, signal) => {
      await elapse(5_000, signal);
      return [];
    });
    const generation = start(parts({ generator: made }));
    for await (const event of generation) if (event.type === "generation_started") break;
    expect((await generation.result).record.state).toBe("cancelled");
    expect(made.aborted()).toBe(true);
  });

  test("aborts detectors", async () => {
    const caller = new AbortController();
    let seen: AbortSignal | undefined;
    const waiting = detector<DecodedImage>(
      "eyes",
      async (image, signal) => {
        seen = signal;
        caller.abort();
        await elapse(5_000, signal);
        return found("sexual", scoreOf(image));
      },
      { budgetMs: 10_000 },
    );
    const { record } = await run(parts({ imageDetectors: [waiting] }), request(), caller.signal);
    expect(seen?.aborted).toBe(true);
    expect(record.state).toBe("cancelled");
  });
});
