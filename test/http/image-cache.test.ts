import { afterEach, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { ReportSchema } from "../../src/contract/report.ts";
import { picture } from "../pictures/seeds.ts";
import { serve, type TestServer } from "./serve.ts";

const AnswerSchema = z.object({ action: z.string(), reports: z.array(ReportSchema) });

let image: string;
let other: string;
beforeAll(async () => {
  image = (await picture().png().toBuffer()).toString("base64");
  other = (await picture(97, 80).png().toBuffer()).toString("base64");
});

let server: TestServer;
afterEach(() => server.close());

/** By detector: whether it looked, or was remembered. */
async function check(sent: string, policy?: string) {
  const response = await server.post("/api/v1/checks/image", { image: sent, ...(policy ? { policy } : {}) });
  expect(response.status).toBe(200);
  const { action, reports } = AnswerSchema.parse(await response.json());
  expect(reports.every(({ state }) => state === "scored")).toBe(true);
  return { action, cached: Object.fromEntries(reports.map((one) => [one.detector, one.cached ?? false])) };
}

test("the same picture is not judged twice, and the answer says so; another one is judged", async () => {
  server = await serve();
  const first = await check(image);
  expect(first.cached).toEqual({ nsfw: false, "test-card": false });
  expect(await check(image)).toEqual({ action: first.action, cached: { nsfw: true, "test-card": true } });
  expect((await check(other)).cached).toEqual({ nsfw: false, "test-card": false });
});

test("a check knows a picture from the generation before it", async () => {
  server = await serve();
  const made = await server.post("/api/v1/generations", {
    prompt: "a red boat on a lake",
    seed: 3,
    width: 64,
    height: 64,
  });
  const generated = z.object({ images: z.array(z.object({ b64: z.string() })) }).parse(await made.json());
  expect((await check(generated.images[0]?.b64 ?? "")).cached).toEqual({ nsfw: true, "test-card": true });
});

test("a picture whose check failed is looked at again", async () => {
  server = await serve();
  for (let i = 0; i < 2; i++) {
    const answer = await server.post("/api/v1/generations", {
      ...{ prompt: "safelight-test:image:error", seed: 3, width: 256, height: 256 },
    });
    const { trials } = z.object({ trials: z.array(AnswerSchema) }).parse(await answer.json());
    const cards = trials.flatMap(({ reports }) => reports.filter(({ detector }) => detector === "test-card"));
    expect(cards.length).toBeGreaterThan(0);
    for (const card of cards) {
      expect(card).toMatchObject({ state: "unknown", because: "detector_failed" });
      expect(card).not.toHaveProperty("cached");
    }
  }
});

test.each(["entries", "bytes"])("with %s: 0, every picture is looked at anew", async (limit) => {
  server = await serve(`log: {level: silent}\nimage_cache: {${limit}: 0}\n`);
  await check(image);
  expect((await check(image)).cached).toEqual({ nsfw: false, "test-card": false });
});
