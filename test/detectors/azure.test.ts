import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { openAzureImage } from "../../src/detectors/image/azure/azure.ts";
import { openAzureText } from "../../src/detectors/text/azure/azure.ts";
import { AzureOptions } from "../../src/detectors/vendors/azure/options.ts";
import { picture } from "../pictures/seeds.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";
import { type Reply, type VendorCall, vendorServer } from "../vendors/server.ts";
import { colourOf, decoded, plain, slides } from "./pictures.ts";

const never = new AbortController().signal;
const NAMES = ["Hate", "SelfHarm", "Sexual", "Violence"] as const;
type Severities = Readonly<Record<string, number>>;

const fault = (status: number, code: string, message: string): Reply => ({
  status,
  headers: { "x-ms-error-code": code, "apim-request-id": "9a7c" },
  body: { error: { code, message, target: "body", details: [] } },
});

const CategoriesSchema = z.array(z.enum(NAMES)).min(1);
const TextSchema = z.strictObject({
  text: z.string().refine((text) => [...text].length <= 10_000, { error: "The text is longer than 10K." }),
  categories: CategoriesSchema,
  blocklistNames: z.array(z.string()).optional(),
  haltOnBlocklistHit: z.boolean().optional(),
  outputType: z.enum(["FourSeverityLevels", "EightSeverityLevels"]),
});
const ImageSchema = z.strictObject({
  image: z.strictObject({ content: z.base64() }),
  categories: CategoriesSchema,
  outputType: z.literal("FourSeverityLevels"),
});

interface Resource {
  readonly text?: (text: string) => Severities;
  readonly image?: (bytes: Buffer) => Promise<Severities>;
  /** Items by name of the list. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
}

/** A Content Safety resource: checks the key, the version, the request and its limits. */
async function answer(call: VendorCall, { text, image, lists = {} }: Resource = {}): Promise<Reply> {
  if (call.headers["ocp-apim-subscription-key"] !== KEY) return fault(401, "401", `Access denied with ${KEY}`);
  const url = new URL(call.path, "http://resource");
  if (url.searchParams.get("api-version") !== "2023-10-01") return fault(404, "ResourceNotFound", "Unknown version");
  const analysed = (severities: Severities, most: number) =>
    [...NAMES, ...Object.keys(severities).filter((name) => !NAMES.some((known) => known === name))].map((category) => ({
      category,
      severity: Math.min(most, severities[category] ?? 0),
    }));
  if (url.pathname === "/contentsafety/text:analyze") {
    const request = TextSchema.safeParse(call.json());
    if (!request.success) return fault(400, "InvalidRequestBody", z.prettifyError(request.error));
    const { blocklistNames = [] } = request.data;
    const unknown = blocklistNames.find((name) => !lists[name]);
    if (unknown !== undefined) return fault(404, "NotFound", `There is no blocklist ${unknown}`);
    const hits = blocklistNames.flatMap((blocklistName) =>
      (lists[blocklistName] ?? [])
        .filter((item) => request.data.text.toLowerCase().includes(item))
        .map((blocklistItemText) => ({ blocklistName, blocklistItemId: "9511969e", blocklistItemText })),
    );
    return {
      body: { blocklistsMatch: hits, categoriesAnalysis: analysed(text?.(request.data.text) ?? {}, 7) },
    };
  }
  if (url.pathname === "/contentsafety/image:analyze") {
    const request = ImageSchema.safeParse(call.json());
    if (!request.success) return fault(400, "InvalidRequestBody", z.prettifyError(request.error));
    const bytes = Buffer.from(request.data.image.content, "base64");
    const { width = 0, height = 0 } = await sharp(bytes).metadata();
    if (bytes.length > 4_194_304 || Math.min(width, height) < 50 || Math.max(width, height) > 2_048)
      return fault(400, "InvalidImageSize", `The image is ${width} × ${height}, ${bytes.length} bytes`);
    return { body: { categoriesAnalysis: analysed((await image?.(bytes)) ?? {}, 6) } };
  }
  return fault(404, "ResourceNotFound", url.pathname);
}

const options = (endpoint: string, more: object = {}) =>
  AzureOptions.parse({ endpoint, api_key: { from_env: "TEST_AZURE_KEY" }, ...more });

process.env["TEST_AZURE_KEY"] = KEY;
const opened: { close?(): Promise<void> }[] = [];
beforeEach(() => {
  process.env["TEST_AZURE_KEY"] = KEY;
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close?.();
});

async function text(resource?: Resource, more?: object) {
  const vendor = await vendorServer((call) => answer(call, resource));
  const detector = await openAzureText(options(vendor.url, more));
  opened.push(detector, vendor);
  return { vendor, detector };
}

async function image(resource?: Resource) {
  const vendor = await vendorServer((call) => answer(call, resource));
  const detector = await openAzureImage(options(`${vendor.url}/`));
  opened.push(detector, vendor);
  return { vendor, detector };
}

describe("the azure text detector", () => {
  test("turns severities into sevenths", async () => {
    const { detector } = await text({ text: () => ({ Sexual: 7, Violence: 4, Hate: 1 }) });
    expect(await detector.inspect({ text: PROMPT }, never)).toEqual([
      { category: "hate", score: 1 / 7, label: "Hate" },
      { category: "self_harm", score: 0, label: "SelfHarm" },
      { category: "sexual", score: 1, label: "Sexual" },
      { category: "violence", score: 4 / 7, label: "Violence" },
    ]);
    expect([...detector.categories].sort()).toEqual(["hate", "self_harm", "sexual", "violence"]);
  });

  test("asks for what the API has, and for no blocklist unless there is one", async () => {
    const { detector, vendor } = await text();
    await detector.inspect({ text: PROMPT }, never);
    expect(vendor.calls[0]?.json()).toEqual({ text: PROMPT, categories: NAMES, outputType: "EightSeverityLevels" });
  });

  test("tells what a blocklist has found, with its item, under the category that the configuration gives it", async () => {
    const lists = { brands: ["acme"], house: ["zonk"] };
    const { detector, vendor } = await text(
      { lists, text: () => ({ Violence: 2 }) },
      { blocklists: { brands: "intellectual_property", house: "custom:house" } },
    );
    const findings = await detector.inspect({ text: "An ACME castle" }, never);
    expect(findings).toContainEqual({
      category: "intellectual_property",
      score: 1,
      label: "blocklist/brands",
      evidence: { term: "acme", list: "brands" },
    });
    expect(findings).toContainEqual({ category: "violence", score: 2 / 7, label: "Violence" });
    expect(findings.some(({ category }) => category === "custom:house")).toBe(false);
    expect(vendor.calls[0]?.json()).toMatchObject({ blocklistNames: ["brands", "house"], haltOnBlocklistHit: false });
    expect(detector.categories).toEqual(expect.arrayContaining(["intellectual_property", "custom:house", "sexual"]));
  });

  test("keeps every item that was found", async () => {
    const { detector } = await text({ lists: { brands: ["acme", "castle"] } }, { blocklists: { brands: "privacy" } });
    const findings = await detector.inspect({ text: "acme castle" }, never);
    expect(findings.filter(({ category }) => category === "privacy").map(({ evidence }) => evidence?.term)).toEqual([
      "acme",
      "castle",
    ]);
  });

  test("cannot tell when the resource has no such blocklist", async () => {
    const { detector } = await text({}, { blocklists: { brands: "privacy" } });
    await expect(detector.inspect({ text: PROMPT }, never)).rejects.toMatchObject({
      code: "detector_failed",
      vendor: { status: 404, code: "NotFound", request_id: "9a7c" },
    });
  });

  test("asks about a long text in chunks that the service takes; the evidence says where the worst one is", async () => {
    const long = `${"🦊 fox ".repeat(2_500)}gore ${"cat ".repeat(1_000)}`;
    const { detector, vendor } = await text({ text: (part) => ({ Violence: part.includes("gore") ? 6 : 0 }) });
    const units: number[] = [];
    const findings = await detector.inspect({ text: long }, never, (used) => units.push(used));
    expect(vendor.calls.length).toBe(2);
    const [start = 0, end = 0] = findings.find(({ label }) => label === "Violence")?.evidence?.span ?? [];
    expect(long.slice(start, end)).toContain("gore");
    expect(end - start).toBeLessThan(long.length);
    const sent = vendor.calls.map((call) => TextSchema.parse(call.json()).text);
    expect(units.toSorted()).toEqual(sent.map((part) => Math.ceil([...part].length / 1_000)).toSorted());
  });

  test.each([
    ["a", 1],
    ["a".repeat(1_000), 1],
    ["🦊".repeat(1_001), 2],
  ])("bills a record for every 1,000 characters begun", async (given, records) => {
    const { detector } = await text();
    const units: number[] = [];
    await detector.inspect({ text: given }, never, (used) => units.push(used));
    expect(units).toEqual([records]);
  });

  test("keeps a category that it does not know, as unsafe", async () => {
    const { detector } = await text({ text: () => ({ Fraud: 7 }) });
    expect(await detector.inspect({ text: PROMPT }, never)).toContainEqual({
      category: "unsafe",
      score: 1,
      label: "Fraud",
    });
  });

  test.each([
    ["no analysis, as after a halt", [], /no score for Hate/],
    ["a category missing", [{ category: "Hate", severity: 0 }], /no score for SelfHarm/],
    ["a severity too high", [{ category: "Hate", severity: 8 }], /another shape/],
  ])("cannot tell from an answer with %s", async (_what, categoriesAnalysis, detail) => {
    await using vendor = await vendorServer(() => ({ body: { categoriesAnalysis } }));
    const detector = await openAzureText(options(vendor.url));
    opened.push(detector);
    await expect(detector.inspect({ text: PROMPT }, never)).rejects.toMatchObject({
      code: "detector_failed",
      detail: expect.stringMatching(detail),
    });
  });

  test.each([
    [{ api_key: { from_env: "K" } }, "endpoint"],
    [{ endpoint: "https://x", api_key: "secret" }, "api_key"],
    [{ endpoint: "https://x", api_key: { from_env: "K" }, api_version: "latest" }, "api_version"],
    [{ endpoint: "https://x", api_key: { from_env: "K" }, blocklists: { a: "brand" } }, "blocklists.a"],
    [{ endpoint: "https://x", api_key: { from_env: "K" }, blocklists: { "a b": "privacy" } }, "blocklists.a b"],
  ])("refuses the options %j", (given, path) => {
    expect(AzureOptions.safeParse(given).error?.issues[0]?.path.join(".")).toBe(path);
  });
});

describe("the azure image detector", () => {
  test.each([
    [0, 0],
    [2, 1 / 3],
    [4, 2 / 3],
    [6, 1],
  ])("turns severity %i into the score %f", async (severity, score) => {
    const { detector } = await image({ image: async () => ({ Violence: severity }) });
    const units: number[] = [];
    const findings = await detector.inspect(await decoded(await plain(64, 64)), never, (used) => units.push(used));
    expect(findings).toContainEqual({ category: "violence", score, label: "Violence" });
    expect(findings).toHaveLength(4);
    expect(units).toEqual([1]);
  });

  test("sends what the service takes, whatever the size of the picture", async () => {
    const { detector, vendor } = await image();
    const sizes = [
      [20, 30],
      [3_000, 2_500],
      [2_600, 12],
      [50, 2_048],
    ] as const;
    for (const [width, height] of sizes) {
      const findings = await detector.inspect(await decoded(await picture(width, height).png().toBuffer()), never);
      expect(findings, `${width} × ${height}`).toHaveLength(4);
    }
    expect(vendor.calls).toHaveLength(sizes.length);
  });

  test("asks about every frame of an animation, and bills each", async () => {
    const red = async (bytes: Buffer) => ({ Sexual: (await colourOf(bytes)) === "red" ? 6 : 0 });
    const { detector } = await image({ image: red });
    const units: number[] = [];
    const animated = await decoded(await slides(["#0000e0", "#00e000", "#e00000"]));
    const findings = await detector.inspect(animated, never, (used) => units.push(used));
    expect(findings).toContainEqual({
      category: "sexual",
      score: 1,
      label: "Sexual",
      evidence: { region: { x: 0, y: 0, width: 1, height: 1, frame: 2 } },
    });
    expect(units).toEqual([1, 1, 1]);
  });
});

faultSuite("the azure text detector", {
  role: "detector",
  open: (url) => openAzureText(options(url)),
  ask: (detector, signal) => detector.inspect({ text: PROMPT }, signal),
  close: (detector) => detector.close?.(),
  good: (call) => answer(call),
});

faultSuite("the azure image detector", {
  role: "detector",
  open: (url) => openAzureImage(options(url)),
  ask: async (detector, signal) => detector.inspect(await decoded(await plain(64, 64)), signal),
  close: (detector) => detector.close?.(),
  good: (call) => answer(call),
});
