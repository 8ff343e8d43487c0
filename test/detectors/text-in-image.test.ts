import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OpenDetectors } from "../../src/app/detectors.ts";
import { imagingWithin } from "../../src/app/imaging.ts";
import { loadConfig } from "../../src/config/load.ts";
import { loadPolicies } from "../../src/config/policies.ts";
import type { ImageDetector, TextDetector } from "../../src/contract/detector.ts";
import { SafelightError } from "../../src/contract/errors.ts";
import type { GenerationAnswer } from "../../src/contract/generation.ts";
import { DEFAULT_LIMITS } from "../../src/contract/limits.ts";
import type { Finding, Region } from "../../src/contract/report.ts";
import { TextInImageOptions } from "../../src/detectors/image/text-in-image/options.ts";
import { openTextInImage } from "../../src/detectors/image/text-in-image/text-in-image.ts";
import { RulesOptions } from "../../src/detectors/text/rules/options.ts";
import { openRules } from "../../src/detectors/text/rules/rules.ts";
import { openTestSignals } from "../../src/detectors/text/test-signals/test-signals.ts";
import { runDetector } from "../../src/pipeline/detect.ts";
import { judgeBytes } from "../../src/pipeline/judge.ts";
import { serve, type TestServer } from "../http/serve.ts";
import { policy as policyOf } from "../pipeline/fakes.ts";
import { type VendorServer, vendorServer } from "../vendors/server.ts";
import { decoded, plain } from "./pictures.ts";
import { type FontName, lettered, widthOf } from "./text-in-image-pictures.ts";

const never = new AbortController().signal;
const context = { folder: "/", limits: DEFAULT_LIMITS };
const FORBIDDEN = [
  { terms: ["walnut", "lantern"], category: "profanity", severity: "severe" },
  { term: "marble copper", category: "hate", severity: "moderate" },
];

const rules = () => openRules(RulesOptions.parse({ lists: [], add: FORBIDDEN }), context);
const open = (judges: Readonly<Record<string, TextDetector>>, options: object = {}) =>
  openTextInImage(TextInImageOptions.parse(options), {
    ...context,
    textDetectors: async () => new Map(Object.entries(judges)),
  });

/** A judge that notes what it is given. */
function listener(answer: readonly Finding[] = []): TextDetector & { readonly heard: readonly string[] } {
  const heard: string[] = [];
  const inspect = async ({ text }: { text: string }) => {
    heard.push(text);
    return answer;
  };
  return { id: "listener", version: "1", categories: [], heard, inspect };
}

/** A word in the middle of a 512 × 512 picture. */
const word = (text: string, look: { size?: number; font?: FontName; turned?: number } = {}) =>
  lettered([{ text, x: 180, y: 250, size: 40, ...look }]);

let detector: ImageDetector;
beforeAll(async () => {
  detector = await open({ words: await rules(), signals: await openTestSignals() });
});
afterAll(() => detector.close?.());
const look = async (bytes: Uint8Array, by = detector) => by.inspect(await decoded(bytes), never);

/** Whether a region, in fractions, is the place of the word at `x`, `y` give or take a few pixels. */
function expectAround(region: Region | undefined, [x, y]: readonly [number, number], width: number, size: number) {
  if (!region) throw new Error("there is no region");
  const slack = size / 2;
  expect(Math.abs(region.x * 512 - x)).toBeLessThan(slack);
  expect(Math.abs((region.x + region.width) * 512 - (x + width))).toBeLessThan(slack);
  expect(region.y * 512).toBeGreaterThan(y - size - slack);
  expect((region.y + region.height) * 512).toBeLessThan(y + size);
  expect(region.height * 512).toBeGreaterThan(size / 3);
}

describe("words in a picture", () => {
  test("become findings of the picture, with what was read, where, and by whose list", async () => {
    const findings = await look(
      await lettered([{ text: "a walnut here", x: 60, y: 300, size: 40, font: "typewriter" }]),
    );
    expect(findings).toEqual([
      {
        category: "profanity",
        score: 1,
        label: "words: custom/walnut",
        evidence: { term: "walnut", list: "custom", region: expect.anything() },
      },
    ]);
    const before = widthOf("a ", 40, "typewriter");
    expectAround(findings[0]?.evidence?.region, [60 + before, 300], widthOf("walnut", 40, "typewriter"), 40);
  });

  test.each(["sans", "black", "poster", "typewriter", "script"] as const)("are read in %s", async (font) => {
    expect(await look(await word("walnut", { font }))).toMatchObject([{ label: "words: custom/walnut" }]);
  });

  test.each([
    ["WALNUT", []],
    ["w4lnut", ["leetspeak"]],
    ["w a l n u t", ["separated_letters"]],
    ["w.a.l.n.u.t", ["separated_letters"]],
  ])("are found when they are written as %s", async (text, disguises) => {
    const [finding, ...more] = await look(await lettered([{ text, x: 60, y: 250, size: 40, font: "typewriter" }]));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ category: "profanity", label: "words: custom/walnut", evidence: { term: text } });
    expect(finding?.evidence?.disguises ?? []).toEqual(disguises);
    expectAround(finding?.evidence?.region, [60, 250], widthOf(text, 40, "typewriter"), 40);
  });

  test.each([-20, 10, 30, 90, 180, 270])("are found turned by %i°, where they stand", async (turned) => {
    const [finding, ...more] = await look(await lettered([{ text: "walnut", x: 256, y: 256, size: 40, turned }]));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ label: "words: custom/walnut" });
    const { x = 0, y = 0, width = 0, height = 0 } = finding?.evidence?.region ?? {};
    const half = widthOf("walnut", 40, "sans") / 2;
    const radians = (turned * Math.PI) / 180;
    const [middleX, middleY] = [256 + half * Math.cos(radians), 256 + half * Math.sin(radians)];
    expect(Math.abs((x + width / 2) * 512 - middleX)).toBeLessThan(20);
    expect(Math.abs((y + height / 2) * 512 - middleY)).toBeLessThan(20);
  });

  test("are found when they are as wide as the picture", async () => {
    const picture = await lettered([{ text: "walnut", x: 20, y: 320, size: 160 }]);
    expect(await look(picture)).toMatchObject([{ evidence: { term: "walnut" } }]);
  });

  test("are found in faint letters, and in colours that are equally bright", async () => {
    const faint = { text: "lantern", x: 180, y: 250, size: 40, colour: "#969696" };
    expect(await look(await lettered([faint], { on: "#a0a0a0" }))).toMatchObject([{ label: "words: custom/lantern" }]);
    const red = { ...faint, colour: "#c03030" };
    expect(await look(await lettered([red], { on: "#5f7f2f" }))).toMatchObject([{ label: "words: custom/lantern" }]);
  });

  test("that go on in the next line are one phrase, and its region holds both lines", async () => {
    const picture = await lettered([
      { text: "a piece of marble", x: 40, y: 200, size: 36 },
      { text: "copper and tin", x: 40, y: 260, size: 36 },
    ]);
    const [finding, ...more] = await look(picture);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ category: "hate", score: 0.75, evidence: { term: "marble copper" } });
    const { y = 1, height = 0 } = finding?.evidence?.region ?? {};
    expect(y * 512).toBeLessThan(200);
    expect((y + height) * 512).toBeGreaterThan(245);
  });

  test("that stand apart are findings of their own, each with its place", async () => {
    const picture = await lettered([
      { text: "walnut", x: 30, y: 90, size: 40 },
      { text: "lantern", x: 330, y: 460, size: 40 },
    ]);
    const findings = await look(picture);
    expect(findings.map(({ evidence }) => evidence?.term)).toEqual(["walnut", "lantern"]);
    expectAround(findings[0]?.evidence?.region, [30, 90], widthOf("walnut", 40, "sans"), 40);
    expectAround(findings[1]?.evidence?.region, [330, 460], widthOf("lantern", 40, "sans"), 40);
  });

  test("are found in a picture that is much larger than what is searched, in its own pixels", async () => {
    const picture = await lettered([{ text: "walnut", x: 1500, y: 1200, size: 60 }], { width: 2400, height: 1600 });
    const [finding] = await look(picture);
    expect(finding).toMatchObject({ evidence: { term: "walnut" } });
    expect((finding?.evidence?.region?.x ?? 0) * 2400).toBeCloseTo(1500, -2);
    expect((finding?.evidence?.region?.y ?? 0) * 1600).toBeCloseTo(1150, -2);
  });

  test("set off test signals, as they do in prompts", async () => {
    const picture = await lettered([{ text: "safelight-test:prompt:gore:0.97", x: 20, y: 250, size: 26 }]);
    expect(await look(picture)).toMatchObject([
      { category: "gore", score: 0.97, label: "signals: test-signal", evidence: { region: expect.anything() } },
    ]);
  });

  test("in a late frame of an animation are found, with the frame", async () => {
    const frames = await Promise.all(
      [plain(512, 512), word("walnut"), plain(512, 512)].map(async (one) => rgbOf(await one)),
    );
    const raw = { width: 512, height: 512 * 3, channels: 3, pageHeight: 512 } as const;
    const gif = await sharp(Buffer.concat(frames), { raw })
      .gif({ delay: [100, 100, 100] })
      .toBuffer();
    expect(await look(gif)).toMatchObject([{ evidence: { term: "walnut", region: { frame: 1 } } }]);
  });
});

const rgbOf = (bytes: Uint8Array) => sharp(bytes).removeAlpha().raw().toBuffer();

describe("the judges", () => {
  test("all hear the same, once for each different text of an animation", async () => {
    const [one, two] = [listener(), listener()];
    const both = await open({ one, two });
    const frame = await rgbOf(await word("harbour"));
    const raw = { width: 512, height: 1024, channels: 3, pageHeight: 512 } as const;
    await look(
      await sharp(Buffer.concat([frame, frame]), { raw })
        .gif({ delay: [100, 100] })
        .toBuffer(),
      both,
    );
    await both.close?.();
    expect(one.heard).toEqual(["harbour"]);
    expect(two.heard).toEqual(one.heard);
  });

  test("who name no place speak of all that was read", async () => {
    const one = await open({ vague: listener([{ category: "hate", score: 0.6, label: "toxic" }]) });
    const [finding] = await look(await lettered([{ text: "walnut pepper", x: 100, y: 250, size: 40 }]), one);
    await one.close?.();
    expect(finding).toMatchObject({ label: "vague: toxic", evidence: { term: "walnut pepper" } });
    expectAround(finding?.evidence?.region, [100, 250], widthOf("walnut pepper", 40, "sans"), 40);
  });

  test("are not asked where there is no text", async () => {
    const judge = listener([{ category: "hate", score: 1 }]);
    const one = await open({ judge });
    const grain = Buffer.from(Uint8Array.from({ length: 256 * 256 * 3 }, (_, i) => (i * 7919) % 251));
    const noise = await sharp(grain, { raw: { width: 256, height: 256, channels: 3 } })
      .png()
      .toBuffer();
    for (const picture of [await plain(512, 512), await plain(1, 1), await plain(2000, 3), noise]) {
      expect(await look(picture, one)).toEqual([]);
    }
    await one.close?.();
    expect(judge.heard).toEqual([]);
  });

  test("who fail make the check unknown, with their cause and name", async () => {
    const failing: TextDetector = {
      ...listener(),
      inspect: async () => {
        throw new SafelightError("detector_failed", "it is closed on Sundays");
      },
    };
    const one = await open({ failing, words: await rules() });
    expect(await judged(one, await word("walnut"))).toMatchObject({
      state: "unknown",
      because: "detector_failed",
      detail: "text in the picture, failing: it is closed on Sundays",
    });
    await one.close?.();
  });

  test("belong to the detector's version", async () => {
    const [one, other] = [await open({ a: listener() }), await open({ a: { ...listener(), version: "2" } })];
    expect(one.version).not.toBe(other.version);
    await one.close?.();
    await other.close?.();
  });

  test("must be there", async () => {
    await expect(open({})).rejects.toMatchObject({
      code: "config_invalid",
      detail: "text-in-image: judges must name a text detector, as the policy has none that works on this machine",
    });
  });
});

const judged = async (one: ImageDetector, bytes: Uint8Array, budgetMs = 60_000, signal = never) => {
  const stage = { name: "text-in-image", detector: one, budgetMs, overlap: false };
  return runDetector(stage, await decoded(bytes), signal);
};

describe("what is not finished is not safe", () => {
  const full = () =>
    lettered(Array.from({ length: 12 }, (_, i) => ({ text: "pepper velvet saddle", x: 20, y: 40 + i * 40, size: 24 })));

  test("a budget that runs out leaves it unknown", async () => {
    expect(await judged(detector, await full(), 1)).toMatchObject({ state: "unknown", because: "detector_timeout" });
  });

  test("whoever goes away is told so, and no line is read any more", async () => {
    const judge = listener();
    const one = await open({ judge });
    const picture = await decoded(await full());
    const gone = new AbortController();
    const work = one.inspect(picture, gone.signal); // it searches now, in another thread
    gone.abort(new Error("gone"));
    await expect(work).rejects.toThrow("gone");
    await one.close?.();
    expect(judge.heard).toEqual([]);
  });

  test("more lines than may be read leave it unknown, and say how many there are", async () => {
    const one = await open({ words: await rules() }, { max_lines: 5 });
    expect(await judged(one, await full())).toMatchObject({
      state: "unknown",
      because: "detector_failed",
      detail: "there are 12 lines of text, more than max_lines allows (5)",
    });
    await one.close?.();
  });

  test("a picture that cannot be read leaves it unknown", async () => {
    const whole = await word("walnut");
    const imaging = imagingWithin(DEFAULT_LIMITS);
    const policy = policyOf({ image: { detectors: { "text-in-image": { required: true } }, categories: {} } });
    const stage = { name: "text-in-image", detector, budgetMs: 60_000, overlap: false };
    for (const bytes of [whole.subarray(0, whole.length / 2), Buffer.from("walnut")]) {
      const { judgement } = await judgeBytes(bytes, imaging, policy, [stage], never);
      expect(judgement).toMatchObject({
        action: "block",
        reports: [{ state: "unknown", because: "image_unreadable" }],
      });
    }
  });
});

const POLICY = `schema: safelight.policy/1
name: default
version: "1"
prompt:
  detectors:
    rules:
      budget_ms: 5000
      options: { lists: [], add: [{ term: walnut, category: hate, severity: severe }] }
  categories: { hate: { block: 0.9 } }
image:
  detectors:
    text-in-image: { required: true, budget_ms: 60000 }
  on_unknown: block
  categories: { hate: { warn: 0.5 } }
  per_detector: { text-in-image: { hate: { review: 0.9 } } }
`;

describe("with a policy that asks for it", () => {
  let folder: string;
  let painter: VendorServer;
  let server: TestServer;
  let silent: TestServer;
  let painted: Buffer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "safelight-text-"));
    painter = await vendorServer(({ json }) => {
      const { seed } = json() as { seed: number };
      return { body: { images: [painted.toString("base64")], info: JSON.stringify({ all_seeds: [seed] }) } };
    });
    const settings = (policy: string) =>
      `log: {level: silent}\npolicies: [${join(folder, policy)}]\ngenerators: {sd: {kind: a1111, url: "${painter.url}"}}\n`;
    await writeFile(join(folder, "keeps.yaml"), `${POLICY}retention: { prompts: keep }\n`);
    await writeFile(join(folder, "forgets.yaml"), `${POLICY}retention: { prompts: digest }\n`);
    [server, silent] = await Promise.all([serve(settings("keeps.yaml")), serve(settings("forgets.yaml"))]);
  });
  afterAll(async () => {
    await Promise.all([server.close(), silent.close(), painter.close()]);
    await rm(folder, { recursive: true, force: true });
  });

  async function generate(text: string, on = server) {
    painted = await lettered([{ text, x: 120, y: 250, size: 44 }]);
    const response = await on.post("/api/v1/generations", { prompt: "a boat on a lake", width: 512, height: 512 });
    const answer = (await response.json()) as GenerationAnswer;
    const stored = await (await fetch(`${on.url}/api/v1/generations/${answer.id}`)).text();
    return { status: response.status, answer, stored };
  }

  test("a generated picture with a forbidden word gets the consequence, with the word and its place", async () => {
    const { answer, stored } = await generate("my walnut");
    expect(answer).toMatchObject({ action: "review", prompt: { action: "allow" } });
    const [image] = answer.images;
    expect(image).toMatchObject({ action: "review", b64: null });
    expect(image?.reasons).toMatchObject([
      {
        stage: "image",
        category: "hate",
        score: 1,
        threshold: 0.9,
        detector: "text-in-image",
        label: "rules: custom/walnut",
        evidence: { term: "walnut", list: "custom", region: { width: expect.any(Number), height: expect.any(Number) } },
      },
    ]);
    const from = 120 + widthOf("my ", 44, "sans");
    expectAround(image?.reasons[0]?.evidence?.region, [from, 250], widthOf("walnut", 44, "sans"), 44);
    expect(stored).toContain("walnut");
  });

  test("one with harmless words is shown, and what was read is not kept", async () => {
    const { status, answer, stored } = await generate("my harbour");
    expect(status).toBe(200);
    expect(answer).toMatchObject({ action: "allow", images: [{ action: "allow", b64: expect.any(String) }] });
    expect(stored).not.toContain("harbour");
  });

  test("a policy that keeps no prompts keeps no words of a picture either, but their place", async () => {
    const { answer, stored } = await generate("my walnut", silent);
    expect(answer.images[0]?.reasons[0]?.evidence?.term).toBe("walnut");
    expect(stored).not.toContain("walnut");
    const [reason] = (JSON.parse(stored) as GenerationAnswer).images[0]?.reasons ?? [];
    expect(reason).toMatchObject({ category: "hate", label: "custom", evidence: { region: expect.anything() } });
  });

  test("a picture that is only looked at is judged by the same words", async () => {
    const check = await server.service.checkImage(await word("walnut"), undefined, never);
    expect(check).toMatchObject({ action: "review", reasons: [{ evidence: { term: "walnut" } }] });
    expect(check.coverage).toContainEqual(
      expect.objectContaining({ category: "hate", state: "not_covered", detectors: [] }),
    );
  });
});

describe("judges in a configuration", () => {
  const opening = async (image: string, prompt = "rules: {}") => {
    const folder = await mkdtemp(join(tmpdir(), "safelight-text-"));
    try {
      await writeFile(
        join(folder, "policy.yaml"),
        `schema: safelight.policy/1\nname: default\nversion: "1"\nprompt: {detectors: {${prompt}}, categories: {}}\n` +
          `image: {detectors: {text-in-image: ${image}}, categories: {}}\n`,
      );
      await writeFile(join(folder, "safelight.yaml"), "policies: [policy.yaml]\nlog: {level: silent}\n");
      const { config } = loadConfig({ env: { SAFELIGHT_DATA: join(folder, "data") }, flags: {}, cwd: folder });
      const loaded = loadPolicies(config).get("default");
      if (!loaded) throw new Error("there is no policy");
      const detectors = new OpenDetectors(config.limits, config.data, config.detectors.text);
      try {
        const [one] = await detectors.image(loaded);
        return one?.detector.version;
      } finally {
        await detectors.close();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  test("may be any text detector by name, and are the policy's own otherwise", async () => {
    const own = await opening("{}");
    expect(own).toMatch(/^1\.[0-9a-f]{8}\.[0-9a-f]{8}\+[0-9a-f]{12}$/);
    expect(await opening("{options: {judges: [rules]}}")).toBe(own);
    expect(await opening("{options: {judges: [test-signals]}}")).not.toBe(own);
  });

  test("that nobody knows stop the start, and the nearest name is told", async () => {
    await expect(opening("{options: {judges: [rulse]}}")).rejects.toMatchObject({
      code: "config_invalid",
      detail: 'there is no text detector "rulse"; did you mean "rules"?',
    });
    await expect(opening("{options: {judges: []}}")).rejects.toMatchObject({ code: "config_invalid" });
    await expect(opening("{}", "")).rejects.toMatchObject({ code: "config_invalid" });
  });

  test("no policy that ships reads text in pictures", async () => {
    const { config } = loadConfig({ env: {}, flags: {}, cwd: tmpdir() });
    for (const { image } of loadPolicies(config).values()) expect(Object.keys(image)).not.toContain("text-in-image");
  });
});
