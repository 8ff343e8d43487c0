import { setTimeout as sleep } from "node:timers/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GenerationAnswer, GenerationAnswerSchema } from "../../src/contract/generation.ts";
import { serve, type TestServer } from "./serve.ts";

let server: TestServer;
beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.close());

const PATH = "/api/v1/generations";
const generate = (body: object, headers?: Record<string, string>) =>
  server.post(PATH, { prompt: "a red boat on a lake", ...body }, headers);
const answerOf = async (response: Response) => (await response.json()) as GenerationAnswer;

describe("POST /api/v1/generations", () => {
  test("answers the picture, the decision, the reasons, the timings and the cost", async () => {
    const response = await generate({ n: 2, seed: 7, width: 256, height: 128 });
    expect(response.status).toBe(200);
    const answer = GenerationAnswerSchema.parse(await response.json());
    expect(answer).toMatchObject({
      state: "complete",
      action: "allow",
      attempts: 1,
      generator: "sketch",
      warnings: [],
    });
    expect(answer.policy).toMatchObject({ name: "default", digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
    expect(answer.negative_prompt).toContain("nsfw");
    expect(answer.notice).toMatch(/stand-in/);
    expect(answer.images).toHaveLength(2);
    expect(answer.images.map((image) => image.seed)).toEqual([7, 8]);
    for (const image of answer.images) {
      const metadata = await sharp(Buffer.from(image.b64 ?? "", "base64")).metadata();
      expect(metadata).toMatchObject({ width: 256, height: 128, format: "png" });
      expect(image.coverage).toContainEqual(expect.objectContaining({ category: "sexual", state: "scored" }));
      expect(image.coverage).toContainEqual(expect.objectContaining({ category: "gore", state: "not_covered" }));
    }
    expect(answer.timings.total_ms).toBeGreaterThan(0);
    expect(answer.cost).toMatchObject({ amount: 0, currency: "USD" });
    expect(response.headers.get("Server-Timing")).toMatch(/moderation;dur=[\d.]+;desc="[\d.]+ % of the total"/);
    expect(response.headers.get("X-Request-Id")).toBe(answer.request_id);
  });

  test("the same seed gives the same pictures, by base64 and by URL", async () => {
    const [one, two] = await Promise.all([generate({ seed: 3 }).then(answerOf), generate({ seed: 3 }).then(answerOf)]);
    expect(one.images[0]?.b64).toBe(two.images[0]?.b64);
    const picture = await fetch(String(one.images[0]?.url));
    expect(picture.headers.get("Content-Type")).toBe("image/png");
    expect(Buffer.from(await picture.arrayBuffer()).toString("base64")).toBe(one.images[0]?.b64);
  });

  test("base64 is left out where it is not wanted", async () => {
    const answer = await generate({ b64: false }).then(answerOf);
    expect(answer.images[0]).toMatchObject({ b64: null, url: expect.stringContaining(answer.id) });
  });

  test("a refused prompt answers 422 with the whole decision", async () => {
    const response = await generate({ prompt: "a boat safelight-test:prompt:violence:1.0" });
    expect(response.status).toBe(422);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    const problem = (await response.json()) as GenerationAnswer & { code: string; title: string; status: number };
    expect(problem).toMatchObject({
      code: "prompt_blocked",
      status: 422,
      state: "refused",
      action: "block",
      images: [],
      attempts: 0,
    });
    expect(problem.prompt?.reasons[0]).toMatchObject({
      stage: "prompt",
      category: "violence",
      score: 1,
      threshold: 1,
      action: "block",
      detector: "test-signals",
      evidence: { span: [7, 41] },
    });
    expect(problem.prompt?.coverage.length).toBeGreaterThan(0);
  });

  test("a prompt that is only worth a warning goes through with one", async () => {
    const answer = await generate({ prompt: "a boat safelight-test:prompt:violence:0.6" }).then(answerOf);
    expect(answer).toMatchObject({ state: "complete", action: "warn" });
    expect(answer.warnings).toContainEqual(
      expect.objectContaining({ stage: "prompt", category: "violence", action: "warn" }),
    );
  });

  test("an unsafe picture is made again until it is safe", async () => {
    const answer = await generate({ prompt: "a boat safelight-test:image:sexual:0.97:attempts=2", seed: 1 }).then(
      answerOf,
    );
    expect(answer).toMatchObject({ action: "allow", attempts: 3 });
    expect(answer.trials.map((trial) => trial.action)).toEqual(["block", "block", "allow"]);
    expect(new Set(answer.trials.map((trial) => trial.seed)).size).toBe(3);
  });

  test("of four pictures, those that stay unsafe are blurred or left out, with reasons, and the rest is answered", async () => {
    const prompt = "a boat safelight-test:image:sexual:0.8:index=1 safelight-test:image:gore:0.97:index=2";
    const answer = await generate({ prompt, n: 4 }).then(answerOf);
    expect(answer.images.map((image) => image.action)).toEqual(["allow", "blur", "block", "allow"]);
    expect(answer.images.map((image) => image.b64 !== null)).toEqual([true, true, false, true]);
    expect(answer.images[1]).toMatchObject({
      blurred: true,
      reasons: [expect.objectContaining({ category: "sexual", score: 0.8 })],
    });
    expect(answer.images[2]).toMatchObject({
      url: null,
      reasons: [expect.objectContaining({ category: "gore", score: 0.97 })],
    });
  });

  test("what is blurred is blurred on the server: the card can no longer be read", async () => {
    const answer = await generate({ prompt: "safelight-test:image:sexual:0.8", width: 512, height: 512 }).then(
      answerOf,
    );
    const check = await server.post("/api/v1/checks/image", { image: answer.images[0]?.b64 });
    expect(answer.images[0]?.blurred).toBe(true);
    expect(await check.json()).toMatchObject({ image: { width: 512, height: 512 } });
    expect(
      (await (await server.post("/api/v1/checks/image", { image: answer.images[0]?.b64 })).json()) as object,
    ).not.toMatchObject({
      reasons: [expect.objectContaining({ detector: "test-card" })],
    });
  });

  test("a picture for review is held, and not shown", async () => {
    const answer = await generate({ prompt: "safelight-test:image:hate:0.75" }).then(answerOf);
    expect(answer.images[0]).toMatchObject({ action: "review", b64: null, url: null });
    expect(answer.images[0]?.original).not.toBeNull();
  });

  test("a detector that fails blocks the picture, and says so", async () => {
    const answer = await generate({ prompt: "safelight-test:image:error" }).then(answerOf);
    expect(answer.images[0]).toMatchObject({ action: "block", b64: null });
    expect(answer.images[0]?.reasons[0]).toMatchObject({ detector: "test-card", score: null });
    expect(answer.attempts).toBe(1);
  });

  test("a back end's refusal is a decision, not an error", async () => {
    const response = await generate({ prompt: "safelight-test:image:withheld" });
    const answer = await answerOf(response);
    expect(response.status).toBe(200);
    expect(answer.images[0]?.reasons[0]).toMatchObject({ label: "withheld", action: "block" });
  });

  test("a failing back end is a 502 with its code", async () => {
    const response = await generate({ prompt: "safelight-test:generator:error" });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: "provider_failed", state: "failed", attempts: 1 });
  });
});

describe("as server-sent events", () => {
  test("every stage is told as it happens, and the last event is the answer", async () => {
    const response = await generate({ seed: 1 }, { Accept: "text/event-stream" });
    expect(response.headers.get("Content-Type")).toContain("text/event-stream");
    const events = (await response.text())
      .split("\n\n")
      .filter((block) => block.startsWith("event: "))
      .map((block) => /^event: (.*)\ndata: (.*)$/s.exec(block))
      .map((match) => ({ event: match?.[1], data: JSON.parse(match?.[2] ?? "null") }));
    expect(events.map(({ event }) => event).filter((event) => event !== "generation_progress")).toEqual([
      "started",
      "prompt_report",
      "prompt_report",
      "prompt_report",
      "prompt_decided",
      "generation_started",
      "generation_finished",
      "image_report",
      "image_report",
      "image_decided",
      "finished",
    ]);
    for (const { event, data } of events) expect(data.type).toBe(event);
    expect(GenerationAnswerSchema.parse(events.at(-1)?.data.record).images[0]?.b64).not.toBeNull();
  });

  test("a client that goes away aborts the generation, and the record says so", async () => {
    const leave = new AbortController();
    const response = await fetch(`${server.url}${PATH}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify({ prompt: "a boat safelight-test:generator:delay:20000" }),
      signal: leave.signal,
    });
    const reader = response.body?.getReader();
    const first = new TextDecoder().decode((await reader?.read())?.value);
    const id = /"id":"(gen_[0-9a-f]+)"/.exec(first)?.[1] ?? "";
    leave.abort();
    await expect.poll(async () => (await server.service.generation(id))?.state, { timeout: 5_000 }).toBe("cancelled");
  });

  test("so does one that waits for the plain answer", async () => {
    const leave = new AbortController();
    const asked = fetch(`${server.url}${PATH}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ prompt: "a lost boat safelight-test:generator:delay:20000" }),
      signal: leave.signal,
    });
    await sleep(300);
    leave.abort();
    await expect(asked).rejects.toThrow();
    const latest = async () => {
      const page = (await (await fetch(`${server.url}${PATH}?limit=1`)).json()) as { generations: GenerationAnswer[] };
      return page.generations[0];
    };
    await expect
      .poll(latest, { timeout: 5_000 })
      .toMatchObject({ state: "cancelled", request: { prompt: expect.stringContaining("lost boat") } });
  });
});

describe("in the background", () => {
  test("respond-async answers 202 and an address to poll", async () => {
    const response = await generate({ n: 2 }, { Prefer: "respond-async" });
    expect(response.status).toBe(202);
    expect(response.headers.get("Preference-Applied")).toBe("respond-async");
    const url = String(response.headers.get("Location"));
    expect(await response.json()).toMatchObject({ state: "running", url });
    await expect.poll(async () => (await answerOf(await fetch(url))).state, { timeout: 10_000 }).toBe("complete");
    const done = await answerOf(await fetch(`${url}?b64=true`));
    expect(done.images.every((image) => image.b64 !== null)).toBe(true);
  });

  test("it can be cancelled, once", async () => {
    const begun = await answerOf(
      await generate({ prompt: "a boat safelight-test:generator:delay:20000" }, { Prefer: "respond-async" }),
    );
    const cancel = () => fetch(`${begun.url}/cancel`, { method: "POST" });
    expect((await cancel()).status).toBe(202);
    await expect.poll(async () => (await answerOf(await fetch(begun.url))).state, { timeout: 5_000 }).toBe("cancelled");
    expect((await cancel()).status).toBe(409);
  });

  test("what can be read as cancelled can't be cancelled again, however soon", async () => {
    const cancelledTwice = async () => {
      const begun = await answerOf(
        await generate({ prompt: "a boat safelight-test:generator:delay:20000" }, { Prefer: "respond-async" }),
      );
      const cancel = () => fetch(`${begun.url}/cancel`, { method: "POST" });
      expect((await cancel()).status).toBe(202);
      while ((await answerOf(await fetch(begun.url))).state === "running");
      return (await cancel()).status;
    };
    const again = [];
    for (let round = 0; round < 40; round++) again.push(await cancelledTwice());
    expect(new Set(again)).toEqual(new Set([409]));
  });
});

describe("revealing an original", () => {
  test("is recorded, and gives the bytes that were judged", async () => {
    const answer = await generate({ prompt: "safelight-test:image:sexual:0.8" }).then(answerOf);
    const response = await fetch(`${answer.url}/images/0/reveal`, { method: "POST" });
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const check = await server.post("/api/v1/checks/image", {
      image: Buffer.from(await response.arrayBuffer()).toString("base64"),
    });
    expect(await check.json()).toMatchObject({ image: { digest: answer.trials[0]?.digest }, action: "blur" });
  });

  test("there is none for a picture that was blocked", async () => {
    const answer = await generate({ prompt: "safelight-test:image:sexual:1.0" }).then(answerOf);
    const response = await fetch(`${answer.url}/images/0/reveal`, { method: "POST" });
    expect(response.status).toBe(404);
  });
});
