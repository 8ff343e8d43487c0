import { APIError, BadRequestError } from "openai";
import type { ImageGenStreamEvent } from "openai/resources/images";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serve, type TestServer } from "../serve.ts";
import { clientOf, formatOf, raised, safelightOf } from "./client.ts";

let server: TestServer;
beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.close());

const open = (asked: object = {}) =>
  clientOf(server).images.generate({ prompt: "a red boat", size: "256x256", ...asked, stream: true });

/** Everything until the end, and the error that ended it. */
async function collect(asked: object): Promise<{ events: ImageGenStreamEvent[]; error: unknown }> {
  const events: ImageGenStreamEvent[] = [];
  try {
    for await (const event of await open(asked)) events.push(event);
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

test("each picture is one completed event; partial pictures, which nobody has judged, are never sent", async () => {
  const { events, error } = await collect({ n: 2, partial_images: 3, output_format: "jpeg" });
  expect(error).toBeUndefined();
  expect(events.map(({ type }) => type)).toEqual(["image_generation.completed", "image_generation.completed"]);
  for (const [index, event] of events.entries()) {
    expect(event).toMatchObject({ size: "256x256", output_format: "jpeg", quality: "auto", background: "auto" });
    expect(event).toMatchObject({
      usage: { total_tokens: 0, input_tokens: 0, output_tokens: 0 },
      safelight: { index },
    });
    expect(await formatOf(event.b64_json)).toEqual({ format: "jpeg", width: 256, height: 256 });
  }
});

test("the frames have OpenAI's form, and end without [DONE]", async () => {
  const response = await server.post("/v1/images/generations", { prompt: "a boat", size: "64x64", stream: true });
  expect(response.headers.get("Content-Type")).toContain("text/event-stream");
  const text = await response.text();
  expect(text).toMatch(/event: image_generation\.completed\ndata: \{"type":"image_generation\.completed","b64_json":"/);
  expect(text).not.toContain("[DONE]");
});

test("pictures that are not shown have no event, and the others say why", async () => {
  const { events, error } = await collect({ prompt: "a boat safelight-test:image:gore:0.97:index=0", n: 2 });
  expect(error).toBeUndefined();
  expect(events).toHaveLength(1);
  expect(safelightOf(events[0] ?? {}).images).toMatchObject([
    { index: 0, data: null, action: "block", reasons: [{ category: "gore" }] },
    { index: 1, data: 0, action: "allow" },
  ]);
});

test.each([
  ["every picture is refused", "safelight-test:image:sexual:0.97", "moderation_blocked", "image_generation_user_error"],
  ["every picture is held", "safelight-test:image:hate:0.75", "moderation_blocked", "image_generation_user_error"],
  ["the back end fails", "safelight-test:generator:error", "provider_failed", "server_error"],
])("when %s, the stream ends with the error", async (_name, prompt, code, type) => {
  const { events, error } = await collect({ prompt });
  expect(events).toEqual([]);
  expect(error).toBeInstanceOf(APIError);
  expect(error).toMatchObject({ code, type });
  expect((error as APIError).error).toHaveProperty("safelight.images");
});

test("a refused prompt is a 400 before anything is streamed", async () => {
  const error = await raised(open({ prompt: "a boat safelight-test:prompt:violence:1.0" }));
  expect(error).toBeInstanceOf(BadRequestError);
  expect(error).toMatchObject({ code: "moderation_blocked", param: "prompt" });
});

test("addresses cannot be streamed", async () => {
  const error = await raised(open({ response_format: "url" }));
  expect(error).toMatchObject({ status: 400, param: "response_format", message: expect.stringMatching(/streaming/) });
});

test("DALL·E's names stream base64, for events have no place for an address", async () => {
  const { events } = await collect({ model: "dall-e-3" });
  expect(await formatOf(events[0]?.b64_json)).toMatchObject({ format: "png" });
});

test("a client that leaves the stream aborts the generation", async () => {
  const stream = await open({ prompt: "a left boat safelight-test:generator:delay:20000" });
  stream.controller.abort();
  const latest = async () => (await server.service.generations({ limit: 1 })).records[0];
  await expect
    .poll(latest, { timeout: 5_000 })
    .toMatchObject({ state: "cancelled", request: { prompt: expect.stringContaining("left boat") } });
});
