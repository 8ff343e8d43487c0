import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type GenerationAnswer, GenerationAnswerSchema } from "../../src/contract/generation.ts";
import { DEFAULT_LIMITS } from "../../src/contract/limits.ts";
import { decodeImage } from "../../src/models/decode.ts";
import { jpegSegment, ladenJpeg, ladenPng, MARK, withExif } from "../pictures/laden.ts";
import { animation, picture, pngChunk, withPngChunks } from "../pictures/seeds.ts";
import { serve, type TestServer } from "./serve.ts";

const policy = (name: string, image: string, rest = "") => `
schema: safelight.policy/1
name: ${name}
version: "1"
prompt: {detectors: {}, categories: {}}
image: ${image}
${rest}`;
const POLICIES = {
  default: policy("default", "{detectors: {nsfw: {budget_ms: 20000}}, categories: {sexual: {block: 0.9}}}"),
  strip: policy(
    "strip",
    "{metadata: strip, detectors: {nsfw: {budget_ms: 20000}}, categories: {sexual: {block: 0.9}}}",
  ),
  unseen: policy("unseen", "{metadata: strip, detectors: {}, categories: {}}"),
  hidden: policy(
    "hidden",
    "{metadata: strip, detectors: {eyes: {budget_ms: 20000}}, categories: {weapons: {blur: 0.5}}}",
    "retention: {originals: keep}\nreveal: caller",
  ),
};

let made: Buffer;
let back: Server;
let folder: string;
let server: TestServer;
beforeAll(async () => {
  back = createServer((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/json");
      const findings = [{ category: "weapons", score: 0.8 }];
      const images = [made.toString("base64")];
      response.end(JSON.stringify(request.url === "/eyes" ? { findings } : { images, parameters: {}, info: "{}" }));
    });
  });
  await new Promise<void>((listening) => back.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(back.address() as AddressInfo).port}`; // it listens on a port, not a pipe
  folder = await mkdtemp(join(tmpdir(), "safelight-metadata-"));
  for (const [name, text] of Object.entries(POLICIES)) await writeFile(join(folder, `${name}.yaml`), text);
  server = await serve(`
log: {level: silent}
policies: ["${folder}"]
generators: {sd: {kind: a1111, url: "${url}"}}
detectors: {eyes: {kind: http, url: "${url}/eyes", categories: [weapons]}}
`);
});
afterAll(async () => {
  await server.close();
  back.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  made = Buffer.alloc(0);
});

async function generate(name: keyof typeof POLICIES): Promise<GenerationAnswer> {
  const response = await server.post("/api/v1/generations", { prompt: "a boat", policy: name });
  expect(response.status).toBe(200);
  return GenerationAnswerSchema.parse(await response.json());
}

/** @returns the one picture, which is the same in the answer and where it is kept */
async function answered(name: keyof typeof POLICIES) {
  const [image] = (await generate(name)).images;
  const bytes = Buffer.from(image?.b64 ?? "", "base64");
  const kept = await fetch(String(image?.url));
  expect(Buffer.from(await kept.arrayBuffer())).toEqual(bytes);
  expect(kept.headers.get("Content-Type")).toBe(image?.media_type);
  return { bytes, mediaType: image?.media_type, action: image?.action };
}

const pixels = async (bytes: Uint8Array) =>
  (await decodeImage(bytes, DEFAULT_LIMITS)).frames.map(({ rgb }) => Buffer.from(rgb));

test("a policy that strips lets nothing of a file out but the picture", async () => {
  for (const [laden, mediaType] of [
    [await ladenJpeg(await picture().jpeg().toBuffer(), 6), "image/jpeg"],
    [await ladenPng(await picture().png().toBuffer(), 6), "image/png"],
    [await withExif(picture(), 6).webp().toBuffer(), "image/webp"],
    [await withExif(picture(), 6).tiff().toBuffer(), "image/png"],
    // transparent: drawn over grey, through another encoding that keeps metadata
    [await ladenPng(await picture().ensureAlpha(0.5).png().toBuffer(), 6), "image/png"],
  ] as const) {
    made = laden;
    expect(made.includes(MARK)).toBe(true);
    for (const name of ["strip", "unseen"] as const) {
      const { bytes, ...rest } = await answered(name);
      expect(rest).toEqual({ mediaType, action: "allow" });
      expect(bytes.includes(MARK)).toBe(false);
      expect((await sharp(bytes).metadata()).xmp).toBeUndefined();
      expect((await pixels(bytes))[0]).toEqual((await pixels(laden))[0]);
    }
  }
});

test("the default hands the file out to the byte", async () => {
  const [png, jpeg] = await Promise.all([picture().png().toBuffer(), picture().jpeg().toBuffer()]);
  const comment = jpegSegment(0xfe, Buffer.from(MARK));
  for (const laden of [
    withPngChunks(png, pngChunk("prVt", Buffer.from(MARK))),
    Buffer.concat([jpeg.subarray(0, 2), comment, jpeg.subarray(2), Buffer.from(MARK)]),
    await animation("gif", 3),
    await picture().avif({ effort: 0 }).toBuffer(),
  ]) {
    made = laden;
    expect((await answered("default")).bytes).toEqual(laden);
  }
});

test("what is revealed of a blurred picture is stripped too", async () => {
  made = await ladenPng(await picture().ensureAlpha(0.5).png().toBuffer(), 6);
  const { id, images } = await generate("hidden");
  expect(images[0]).toMatchObject({ action: "blur", blurred: true });
  const revealed = await server.post(`/api/v1/generations/${id}/images/0/reveal`, "");
  expect(revealed.status).toBe(200);
  const bytes = Buffer.from(await revealed.arrayBuffer());
  expect(bytes.includes(MARK)).toBe(false);
  expect(await pixels(bytes)).toEqual(await pixels(made));
});

test("a file that is cut short is refused with the cause, though nobody looks at it", async () => {
  const whole = await picture().jpeg().toBuffer();
  made = Buffer.concat([whole.subarray(0, whole.length >> 1), Buffer.from("\xff\xd9", "latin1")]);
  const [image] = (await generate("unseen")).images;
  expect(image).toMatchObject({ action: "block", b64: null });
  expect(image?.reasons[0]).toMatchObject({ label: "image_unreadable" });
});
