import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { ImageGenerator, ImageRequest } from "../../src/contract/generator.ts";
import { openA1111 } from "../../src/generators/a1111/a1111.ts";
import { A1111Options } from "../../src/generators/a1111/options.ts";

interface Job {
  readonly seed: number;
  readonly n_iter: number;
  readonly [field: string]: unknown;
}

type Answer = (job: Job, response: ServerResponse, request: IncomingMessage) => void;

const opened: { server: Server; generator: ImageGenerator }[] = [];
afterEach(async () => {
  for (const { server, generator } of opened.splice(0)) {
    await generator.close?.();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A server that speaks the web UI's protocol: one job at a time, interrupt ends whichever runs. */
async function serve(answer: Answer = pictures, options: object = {}) {
  const jobs: Job[] = [];
  const calls: string[] = [];
  let running = 0;
  let most = 0;
  const server = createServer((request, response) => {
    calls.push(String(request.url));
    if (request.url?.startsWith("/sdapi/v1/progress"))
      return void response.end(JSON.stringify({ progress: 0.5, textinfo: null }));
    if (request.url === "/sdapi/v1/interrupt") {
      server.emit("interrupted", response);
      if (server.listenerCount("answers interrupts") === 0) response.end("{}");
      return;
    }
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const job = JSON.parse(body) as Job;
      jobs.push(job);
      running++;
      most = Math.max(most, running);
      response.on("close", () => running--);
      answer(job, response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const generator = await openA1111(A1111Options.parse({ url, ...options }));
  opened.push({ server, generator });
  return { generator, jobs, calls, server, most: () => most };
}

function pictures({ seed, n_iter }: Job, response: ServerResponse): void {
  const seeds = Array.from({ length: n_iter }, (_, i) => seed + i);
  const images = seeds.map((each) => Buffer.from(`picture ${each}`).toString("base64"));
  response.end(
    JSON.stringify({ images, parameters: {}, info: JSON.stringify({ all_seeds: seeds, index_of_first_image: 0 }) }),
  );
}

const asked = (seeds: number[], change: Partial<ImageRequest> = {}): ImageRequest => ({
  prompt: "a castle",
  negativePrompt: "nude",
  width: 512,
  height: 256,
  attempt: 1,
  images: seeds.map((seed, index) => ({ index, seed })),
  ...change,
});
const never = new AbortController().signal;
const texts = (answers: Awaited<ReturnType<ImageGenerator["generate"]>>) =>
  answers.map((answer) => (answer.kind === "image" ? Buffer.from(answer.bytes).toString() : answer.reason));

describe("the a1111 generator", () => {
  test("asks for what the request says, and answers the pictures with their seeds", async () => {
    const { generator, jobs } = await serve(pictures, { sampler: "Euler a", model: "v1-5", steps: 25 });
    const answers = await generator.generate(asked([7, 8, 9], { guidanceScale: 4 }), never);
    expect(jobs).toEqual([
      {
        prompt: "a castle",
        negative_prompt: "nude",
        width: 512,
        height: 256,
        seed: 7,
        n_iter: 3,
        batch_size: 1,
        steps: 25,
        cfg_scale: 4,
        save_images: false,
        send_images: true,
        sampler_name: "Euler a",
        override_settings: { sd_model_checkpoint: "v1-5" },
      },
    ]);
    expect(texts(answers)).toEqual(["picture 7", "picture 8", "picture 9"]);
    expect(answers.map((answer) => answer.kind === "image" && answer.seed)).toEqual([7, 8, 9]);
  });

  test("asks again for seeds that are no neighbours, and keeps the order", async () => {
    const { generator, jobs } = await serve();
    const answers = await generator.generate(asked([5, 6, 100, 4]), never);
    expect(jobs.map(({ seed, n_iter }) => [seed, n_iter])).toEqual([
      [5, 2],
      [100, 1],
      [4, 1],
    ]);
    expect(texts(answers)).toEqual(["picture 5", "picture 6", "picture 100", "picture 4"]);
  });

  test("leaves out a grid that comes before the pictures", async () => {
    const { generator } = await serve((_job, response) =>
      response.end(
        JSON.stringify({
          images: ["Z3JpZA==", "data:image/png;base64,b25l"],
          info: '{"index_of_first_image":1,"all_seeds":[3]}',
        }),
      ),
    );
    expect(texts(await generator.generate(asked([3]), never))).toEqual(["one"]);
  });

  test("tells progress while it waits", async () => {
    const { generator, calls } = await serve((job, response) => void setTimeout(() => pictures(job, response), 1_300));
    const seen: number[] = [];
    await generator.generate(asked([1]), never, (fraction) => seen.push(fraction));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((fraction) => fraction === 0.5)).toBe(true);
    const asks = calls.filter((call) => call.includes("/progress"));
    expect(new Set(asks)).toEqual(new Set(["/sdapi/v1/progress?skip_current_image=true"])); // no previews
  });

  test("gives the server one job at a time", async () => {
    const { generator, most } = await serve((job, response) => void setTimeout(() => pictures(job, response), 60));
    const answers = await Promise.all([1, 20, 40].map((seed) => generator.generate(asked([seed]), never)));
    expect(answers.flatMap(texts)).toEqual(["picture 1", "picture 20", "picture 40"]);
    expect(most()).toBe(1);
  });

  test("interrupts its own job when the caller goes away, and the next one waits until that has ended", async () => {
    const caller = new AbortController();
    const { generator, calls, server } = await serve((job, response) => {
      if (job.seed !== 1) return pictures(job, response);
      server.once("interrupted", () => setTimeout(() => pictures(job, response), 50));
      caller.abort(new Error("gone"));
    });
    const first = generator.generate(asked([1]), caller.signal);
    const second = generator.generate(asked([2]), never);
    await expect(first).rejects.toThrow("gone");
    expect(texts(await second)).toEqual(["picture 2"]);
    expect(calls.filter((call) => call.endsWith("interrupt"))).toHaveLength(1);
  });

  test("sends the next job only when an interrupt of the last one has been answered, for it would end that", async () => {
    const caller = new AbortController();
    const { generator, jobs, server } = await serve((job, response) => {
      pictures(job, response);
      if (job.seed === 1) caller.abort(new Error("gone"));
    });
    server.on("answers interrupts", () => {});
    const { promise: interrupt, resolve: interrupted } = Promise.withResolvers<ServerResponse>();
    server.once("interrupted", interrupted);
    await expect(generator.generate(asked([1]), caller.signal)).rejects.toThrow("gone");
    const second = generator.generate(asked([2]), never);
    const late = await interrupt;
    await sleep(100);
    expect(jobs).toHaveLength(1);
    late.end("{}");
    expect(texts(await second)).toEqual(["picture 2"]);
  });

  test("interrupts again a job that the server had not begun when it was interrupted", async () => {
    const caller = new AbortController();
    const { generator, calls, server } = await serve((job, response) => {
      if (job.seed !== 1) return pictures(job, response);
      server.once("interrupted", () => server.once("interrupted", () => pictures(job, response))); // the first is forgotten
      caller.abort(new Error("gone"));
    });
    await expect(generator.generate(asked([1]), caller.signal)).rejects.toThrow("gone");
    expect(texts(await generator.generate(asked([2]), never))).toEqual(["picture 2"]);
    expect(calls.filter((call) => call.endsWith("interrupt"))).toHaveLength(2);
  });

  test.each<[string, object, readonly string[]]>([
    ["shows", { state: "complete", images: [{ action: "warn" }] }, ["picture 1"]],
    ["blocked", { state: "complete", images: [{ action: "block" }] }, ["safelight: block"]],
    ["refused to ask for", { state: "refused", images: [] }, ["safelight: refused"]],
  ])("tells a picture from the notice of another Safelight, for one that it %s", async (_what, safelight, expected) => {
    const { generator } = await serve((_job, r) =>
      r.end(JSON.stringify({ images: [Buffer.from("picture 1").toString("base64")], info: "{}", safelight })),
    );
    expect(texts(await generator.generate(asked([1]), never))).toEqual(expected);
  });

  test.each<[string, unknown]>([
    ["an action that nobody knows", { state: "complete", images: [{ action: "quarantine" }] }],
    ["a state that nobody knows", { state: "pondering", images: [] }],
    ["no word of the picture", { state: "complete", images: [] }],
    ["a sentence", "a castle"],
  ])("takes no notice of another Safelight for a picture: %s", async (_what, safelight) => {
    const { generator } = await serve((_job, r) =>
      r.end(JSON.stringify({ images: ["bm90aWNl"], info: "{}", safelight })),
    );
    await expect(generator.generate(asked([1]), never)).rejects.toMatchObject({ code: "provider_failed" });
  });

  test("takes an empty info, as some compatible servers send", async () => {
    const { generator } = await serve((_job, r) => r.end('{"images":["cGljdHVyZQ=="],"parameters":{},"info":""}'));
    expect(texts(await generator.generate(asked([1]), never))).toEqual(["picture"]);
  });

  test("lets a caller go at once, though the server takes its time to end the job", async () => {
    const caller = new AbortController();
    const { promise: asksForJob, resolve: begun } = Promise.withResolvers<void>();
    const { generator, jobs, server } = await serve((job, response) => {
      if (job.seed !== 1) return pictures(job, response);
      server.once("interrupted", () => setTimeout(() => pictures(job, response), 600));
      begun();
    });
    const first = generator.generate(asked([1]), caller.signal).catch((error: unknown) => error);
    await asksForJob;
    const second = generator.generate(asked([2]), never);
    const start = performance.now();
    caller.abort(new Error("gone"));
    expect(await first).toMatchObject({ message: "gone" });
    expect(performance.now() - start).toBeLessThan(400);
    expect(jobs).toHaveLength(1); // the next waits until this one has ended
    expect(texts(await second)).toEqual(["picture 2"]);
    expect(performance.now() - start).toBeGreaterThan(590);
  });

  test("never begins a job whose caller went away while it waited", async () => {
    const caller = new AbortController();
    const { generator, jobs } = await serve((job, response) => void setTimeout(() => pictures(job, response), 80));
    const first = generator.generate(asked([1]), never);
    const second = generator.generate(asked([2]), caller.signal);
    caller.abort(new Error("gone"));
    await expect(second).rejects.toThrow("gone");
    await first;
    expect(jobs).toHaveLength(1);
  });

  test("sends the credentials that the environment holds", async () => {
    process.env["TEST_A1111_AUTH"] = "me:secret";
    const { generator } = await serve(
      (job, response, request) => {
        expect(request.headers.authorization).toBe(`Basic ${Buffer.from("me:secret").toString("base64")}`);
        pictures(job, response);
      },
      { auth: { from_env: "TEST_A1111_AUTH" } },
    );
    await generator.generate(asked([1]), never);
    await expect(
      openA1111(A1111Options.parse({ url: "http://127.0.0.1:1", auth: { from_env: "TEST_UNSET" } })),
    ).rejects.toMatchObject({
      code: "config_invalid",
      detail: expect.stringContaining("TEST_UNSET"),
    });
  });
});

describe("a fault of the server", () => {
  test.each<[string, Answer, string, RegExp]>([
    [
      "a 500",
      (_j, r) => r.writeHead(500).end('{"error":"OutOfMemoryError","detail":"CUDA: a castle"}'),
      "provider_failed",
      /status 500 \(OutOfMemoryError\)$/,
    ],
    ["a 503", (_j, r) => r.writeHead(503).end(), "provider_failed", /503/],
    ["a 429", (_j, r) => r.writeHead(429).end(), "provider_failed", /429/],
    ["a 400", (_j, r) => r.writeHead(400).end('{"detail":"Sampler not found"}'), "provider_rejected", /400/],
    ["a 422", (_j, r) => r.writeHead(422).end('{"detail":[{"msg":"a castle"}]}'), "provider_rejected", /422/],
    ["a 401", (_j, r) => r.writeHead(401).end(), "provider_rejected", /credentials/],
    ["an answer that is not JSON", (_j, r) => r.end("<html>a castle</html>"), "provider_failed", /not JSON/],
    [
      "an answer of another shape",
      (_j, r) => r.end('{"pictures":[]}'),
      "provider_failed",
      /another shape than expected, at "images"$/,
    ],
    ["too few pictures", (_j, r) => r.end('{"images":[]}'), "provider_failed", /asked for 1 pictures and gave 0/],
    ["a connection broken off", (_j, r) => void r.destroy(), "provider_failed", /broke the connection off/],
    [
      "a body broken off",
      (_j, r) => void r.writeHead(200, { "content-length": "999" }).write('{"ima', () => r.destroy()),
      "provider_failed",
      /broke the connection off|cut short/,
    ],
    ["a picture that is not base64", (_j, r) => r.end('{"images":["a castle!"]}'), "provider_failed", /not base64/],
    ["an info that is not JSON", (_j, r) => r.end('{"images":[],"info":"a castle"}'), "provider_failed", /not JSON/],
  ])("%s is told with its code, and without a word of the prompt", async (_name, answer, code, detail) => {
    const { generator } = await serve(answer);
    const failure = await generator.generate(asked([1]), never).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, detail: expect.stringMatching(detail) });
    expect(String((failure as { detail: string }).detail)).not.toContain("castle");
  });

  test.each<[string, Answer]>([
    ["a 500", (_j, r) => r.writeHead(500).end('{"error":"OutOfMemoryError"}')],
    ["a 503 with Retry-After", (_j, r) => r.writeHead(503, { "retry-after": "0" }).end()],
    ["a connection broken off", (_j, r) => void r.destroy()],
  ])("%s does not make it ask for the job a second time", async (_name, answer) => {
    const { generator, jobs } = await serve(answer);
    await expect(generator.generate(asked([1]), never)).rejects.toMatchObject({ code: "provider_failed" });
    expect(jobs).toHaveLength(1);
  });

  test("keeps the status and the name that the server gave it", async () => {
    const { generator } = await serve((_j, r) => r.writeHead(500).end('{"error":"OutOfMemoryError"}'));
    await expect(generator.generate(asked([1]), never)).rejects.toMatchObject({
      vendor: { status: 500, code: "OutOfMemoryError" },
    });
  });

  test("nothing listening is told as that", async () => {
    const generator = await openA1111(A1111Options.parse({ url: "http://127.0.0.1:9" }));
    await expect(generator.generate(asked([1]), never)).rejects.toMatchObject({
      code: "provider_failed",
      detail: expect.stringMatching(/nothing listens/),
    });
    await generator.close?.();
  });
});
