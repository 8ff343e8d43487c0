import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve, type TestServer } from "../../http/serve.ts";
import { KEY } from "../../vendors/faults.ts";
import { type Reply, type VendorServer, vendorServer } from "../../vendors/server.ts";
import { refused } from "./vendor.ts";

let reply: Reply;
let vendor: VendorServer;
let server: TestServer;

beforeAll(async () => {
  process.env["TEST_OPENAI_KEY"] = KEY;
  vendor = await vendorServer(() => reply);
  server = await serve(`
log: { level: silent }
generators:
  images:
    kind: openai
    url: ${vendor.url}/v1
    api_key: { from_env: TEST_OPENAI_KEY }
    model: gpt-image-2
    price_per_image: { amount: 0.05, currency: USD }
`);
});

afterAll(async () => {
  await server?.close();
  await vendor?.close();
});

/** What came of one generation, as far as these tests look. */
interface Told {
  readonly action: string;
  readonly images: readonly {
    readonly action: string;
    readonly b64: string | null;
    readonly withheld?: string | null;
  }[];
  readonly cost: { readonly amount: number };
}

async function generate(): Promise<{ status: number; text: string; told: Told }> {
  const response = await server.post("/api/v1/generations", { prompt: "a red boat on a lake" });
  const text = await response.text();
  return { status: response.status, text, told: JSON.parse(text) as Told }; // the schema of the API is tested elsewhere
}

describe("a generation with openai behind it", () => {
  test("answers the picture after it was judged, with its cost", async () => {
    const picture = sharp({ create: { width: 64, height: 64, channels: 3, background: "#4080c0" } });
    reply = { body: { data: [{ b64_json: (await picture.png().toBuffer()).toString("base64") }] } };
    const { status, told } = await generate();
    expect(status).toBe(200);
    expect(told).toMatchObject({ images: [{ action: "allow" }], cost: { amount: 0.05 } });
    expect(vendor.calls.at(-1)?.json()).toMatchObject({
      prompt: expect.stringMatching(/^a red boat on a lake\n\nAvoid: /),
      size: "816x816",
    });
  });

  test("does not show what the vendor's filter held back, and says so", async () => {
    reply = refused("moderation_blocked");
    const { text, told } = await generate();
    expect(told.images).toMatchObject([{ action: "block" }]);
    expect(told.images[0]?.b64 ?? null).toBeNull();
    expect(text).toContain("moderation_blocked");
    expect(text).not.toContain("castle");
  });

  test("does not show a picture that is none", async () => {
    reply = { body: { data: [{ b64_json: Buffer.from("no picture").toString("base64") }] } };
    const { told } = await generate();
    expect(told.images).toMatchObject([{ action: "block" }]);
  });

  test("fails with what the vendor said of itself, and nothing of its sentences", async () => {
    reply = {
      status: 401,
      headers: { "x-request-id": "req_7" },
      body: { error: { code: "invalid_api_key", message: `Incorrect API key: ${KEY}` } },
    };
    const { status, text } = await generate();
    expect(status).toBe(502);
    for (const word of ["invalid_api_key", "req_7", "401"]) expect(text).toContain(word);
    expect(text).not.toContain(KEY);
  });
});
