import { randomBytes } from "node:crypto";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { answerJson, Base64 } from "../../src/http/json.ts";

async function answered(value: object): Promise<Response> {
  const app = new Hono().get("/", (c) => answerJson(c, value));
  app.onError((_error, c) => c.body(null, 500));
  return app.request("/");
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

test("bytes of every length around the steps are answered as their base64, among text of any kind", async () => {
  const lengths = [0, 1, 2, 3, 12_287, 12_288, 12_289, 49_151, 49_152, 49_153, 98_305, 300_001];
  const pictures = lengths.map((length) => new Uint8Array(randomBytes(length)));
  const around = { before: 'a "quoted" ü \u{1f3a8} \u2028', nothing: null };
  const response = await answered({
    around,
    images: pictures.map((bytes) => ({ b64: new Base64({ bytes }), around })),
  });
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(await response.json()).toEqual({ around, images: pictures.map((bytes) => ({ b64: text(bytes), around })) });
});

test("bytes that lie inside a larger buffer are answered alone", async () => {
  const all = new Uint8Array(randomBytes(100_000));
  const inside = all.subarray(17, 70_017);
  expect(await (await answered({ b64: new Base64({ bytes: inside }) })).json()).toEqual({ b64: text(inside) });
});

test("to JSON.stringify bytes are a string, also after an answer that failed half-way", async () => {
  const bytes = new Uint8Array(randomBytes(50_000));
  const failing = { b64: new Base64({ bytes }), number: 1n };
  expect((await answered(failing)).status).toBe(500);
  expect(JSON.parse(JSON.stringify({ b64: new Base64({ bytes }) }))).toEqual({ b64: text(bytes) });
});

test("bytes that are there as base64 already are not encoded again", async () => {
  const bytes = new Uint8Array(randomBytes(50_000));
  const other = Buffer.from(text(randomBytes(50_000))); // another text, so that it can be told which was taken
  const base64 = [other.subarray(0, 777), other.subarray(777)];
  expect(await (await answered({ b64: new Base64({ bytes, base64 }) })).json()).toEqual({ b64: other.toString() });
});

test("an answer says how long it is", async () => {
  const response = await answered({ ä: new Base64({ bytes: new Uint8Array(randomBytes(50_000)) }) });
  const length = Number(response.headers.get("content-length"));
  expect((await response.arrayBuffer()).byteLength).toBe(length);
});
