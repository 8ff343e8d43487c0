import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";
import { serve, type TestServer } from "../serve.ts";

/** Lets everything through, so that whoever asks judges alone. */
const OPEN_POLICY = `
schema: safelight.policy/1
name: default
version: "1"
prompt: {detectors: {}, categories: {}}
image: {detectors: {}, categories: {}}
`;
const QUIET = "log: {level: silent}\n";

let folder: string;
let native: TestServer;
let open: TestServer;
/** Judges what `open` draws, which it asks by the dialect. */
let overOpen: TestServer;
/** Judges what `native` answers by the dialect, after that has judged it itself. */
let overNative: TestServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "safelight-round-trip-"));
  writeFileSync(join(folder, "open.yaml"), OPEN_POLICY);
  [native, open] = await Promise.all([serve(QUIET), serve(`${QUIET}policies: ["${folder}"]\n`)]);
  const over = ({ url }: TestServer) =>
    serve(`${QUIET}generators: {inner: {kind: a1111, url: "${url}", model: sketch}}\n`);
  [overOpen, overNative] = await Promise.all([over(open), over(native)]);
});
afterAll(async () => {
  await Promise.all([native, open, overOpen, overNative].map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

async function decided(server: TestServer, prompt: string) {
  const response = await server.post("/api/v1/generations", { prompt, seed: 7, n: 2, width: 256, height: 256 });
  const answer = (await response.json()) as GenerationAnswer;
  const reasons = (of: GenerationAnswer["images"][number]["reasons"]) =>
    of.map(({ category, score, action, detector }) => ({ category, score, action, detector }));
  return {
    status: response.status,
    state: answer.state,
    action: answer.action,
    attempts: answer.attempts,
    prompt: reasons(answer.prompt?.reasons ?? []),
    images: answer.images.map(({ action, seed, reasons: of, b64 }) => ({
      action,
      seed,
      reasons: reasons(of),
      shown: b64 !== null,
    })),
  };
}

describe("asked by the a1111 generator, the a1111 dialect leads to the decision of the native path", () => {
  test.each([
    ["nothing to object to", ""],
    ["a prompt with a warning", "safelight-test:prompt:violence:0.6"],
    ["a refused prompt", "safelight-test:prompt:violence:1.0"],
    ["a blurred picture", "safelight-test:image:sexual:0.8"],
    ["a held picture", "safelight-test:image:hate:0.75"],
    ["a blocked picture", "safelight-test:image:gore:0.97"],
    ["a check that fails", "safelight-test:image:error:index=0"],
  ])("%s", async (_what, signal) => {
    const prompt = `a red boat on a lake ${signal}`.trim();
    const [here, through] = await Promise.all([decided(native, prompt), decided(overOpen, prompt)]);
    expect(through).toEqual(here);
  });
});

describe("a gateway before a gateway", () => {
  test.each([
    ["held", "safelight-test:image:hate:0.75"],
    ["blocked", "safelight-test:image:gore:0.97"],
  ])(
    "a picture that the inner one %s is withheld by its generator: its notice is not taken for a picture",
    async (_what, signal) => {
      const { images } = await decided(overNative, `a red boat on a lake ${signal}`);
      for (const image of images) {
        expect(image).toMatchObject({ action: "block", shown: false });
        expect(image.reasons[0]).toMatchObject({ detector: "inner", category: null });
      }
    },
  );

  test("a picture that the inner one shows is judged and shown", async () => {
    const { state, images } = await decided(overNative, "a red boat on a lake");
    expect({ state, shown: images.map(({ shown }) => shown) }).toEqual({ state: "complete", shown: [true, true] });
  });
});
