import sharp from "sharp";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { REKOGNITION_LABELS } from "../../src/detectors/image/rekognition/labels.ts";
import { RekognitionOptions } from "../../src/detectors/image/rekognition/options.ts";
import { openRekognition } from "../../src/detectors/image/rekognition/rekognition.ts";
import { AWS, awsError, operationOf, signedFor, useTestAccount } from "../vendors/aws-account.ts";
import { FakeS3 } from "../vendors/aws-s3.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";
import { type Reply, type VendorCall, vendorServer } from "../vendors/server.ts";
import { colourOf, decoded, plain, slides } from "./pictures.ts";

beforeEach(useTestAccount);

const never = new AbortController().signal;
const ADAPTER = "arn:aws:rekognition:us-east-1:111122223333:project/brand/version/brand.v2/1690556751958";

const RequestSchema = z.strictObject({
  Image: z.strictObject({ Bytes: z.base64() }),
  MinConfidence: z.number().min(0).max(100),
  ProjectVersion: z.string().optional(),
});

/** `[name, parent, confidence]` */
type Label = readonly [name: string, parent: string, percent: number];
const listed = (labels: readonly Label[]) =>
  labels.map(([Name, ParentName, Confidence]) => ({ Name, ParentName, Confidence, TaxonomyLevel: ParentName ? 2 : 1 }));

interface Service {
  readonly labels?: (bytes: Buffer) => readonly Label[] | Promise<readonly Label[]>;
  readonly adapter?: string;
}

/** Rekognition with its limits: what breaks them is refused, as the service does. */
async function answer(call: VendorCall, { labels = () => [], adapter }: Service): Promise<Reply> {
  if (!signedFor(call)) return awsError(400, "MissingAuthenticationTokenException", `who is this with ${KEY}?`);
  const request = RequestSchema.parse(call.json());
  const bytes = Buffer.from(request.Image.Bytes, "base64");
  if (bytes.length > 5_242_880) return awsError(400, "ImageTooLargeException", "Image size is too large.");
  const { format, width = 0, height = 0 } = await sharp(bytes).metadata();
  if (format !== "jpeg" && format !== "png") return awsError(400, "InvalidImageFormatException", PROMPT);
  if (Math.min(width, height) < 80 || Math.max(width, height) > 10_000)
    return awsError(400, "InvalidParameterException", PROMPT);
  const ModerationLabels = listed(await labels(bytes));
  const ProjectVersion = adapter === undefined ? {} : { ProjectVersion: adapter };
  return { body: { ModerationLabels, ModerationModelVersion: "7.0", ContentTypes: [], ...ProjectVersion } };
}

async function inspect(picture: Uint8Array, service: Service, options: object = {}, reply = answer) {
  await using vendor = await vendorServer((call) => reply(call, service));
  const detector = await openRekognition(RekognitionOptions.parse({ ...AWS, endpoint: vendor.url, ...options }));
  const units: number[] = [];
  const before = detector.version;
  try {
    const findings = await detector.inspect(await decoded(picture), never, (used) => units.push(used));
    return { findings, units, calls: vendor.calls, detector, before };
  } finally {
    await detector.close?.();
  }
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );
const sent = (call: VendorCall | undefined) => Buffer.from(RequestSchema.parse(call?.json()).Image.Bytes, "base64");

/** The taxonomy as AWS prints it: names in order of level, by parent. */
const TAXONOMY: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  Explicit: {
    "Explicit Nudity": [
      "Exposed Male Genitalia",
      "Exposed Female Genitalia",
      "Exposed Buttocks or Anus",
      "Exposed Female Nipple",
    ],
    "Explicit Sexual Activity": [],
    "Sex Toys": [],
  },
  "Non-Explicit Nudity of Intimate parts and Kissing": {
    "Non-Explicit Nudity": [
      "Bare Back",
      "Exposed Male Nipple",
      "Partially Exposed Buttocks",
      "Partially Exposed Female Breast",
      "Implied Nudity",
    ],
    "Obstructed Intimate Parts": ["Obstructed Female Nipple", "Obstructed Male Genitalia"],
    "Kissing on the Lips": [],
  },
  "Swimwear or Underwear": { "Female Swimwear or Underwear": [], "Male Swimwear or Underwear": [] },
  Violence: {
    Weapons: [],
    "Graphic Violence": ["Weapon Violence", "Physical Violence", "Self-Harm", "Blood & Gore", "Explosions and Blasts"],
  },
  "Visually Disturbing": { "Death and Emaciation": ["Emaciated Bodies", "Corpses"], Crashes: ["Air Crash"] },
  "Drugs & Tobacco": { Products: ["Pills"], "Drugs & Tobacco Paraphernalia & Use": ["Smoking"] },
  Alcohol: { "Alcohol Use": ["Drinking"], "Alcoholic Beverages": [] },
  "Rude Gestures": { "Middle Finger": [] },
  Gambling: {},
  "Hate Symbols": { "Nazi Party": [], "White Supremacy": [], Extremist: [] },
};
/** Every label with its ancestors, the label itself first. */
const PATHS = Object.entries(TAXONOMY).flatMap(([first, seconds]) => [
  [first],
  ...Object.entries(seconds).flatMap(([second, thirds]) => [
    [second, first],
    ...thirds.map((third) => [third, second, first]),
  ]),
]);

describe("the rekognition detector", () => {
  test("every label of the taxonomy has a category, and there are no others", () => {
    expect(PATHS.map(([name]) => name).toSorted()).toEqual(Object.keys(REKOGNITION_LABELS).toSorted());
  });

  test("asks for labels, signed for Rekognition, with the bytes of the picture as they are", async () => {
    const picture = await plain(200, 100);
    const { calls, units, findings } = await inspect(picture, {}, { min_confidence: 33 });
    expect(calls.map((call) => [operationOf(call), signedFor(call)])).toEqual([
      ["DetectModerationLabels", { region: "us-east-1", service: "rekognition" }],
    ]);
    expect(RequestSchema.parse(calls[0]?.json())).toMatchObject({ MinConfidence: 33 });
    expect(sent(calls[0]).equals(picture)).toBe(true);
    expect(units).toEqual([1]);
    expect(findings).toEqual([]);
  });

  test.each(PATHS)("%s comes with its ancestors and is one finding, of its own category", async (...path) => {
    const labels = path.map((name, i) => [name, path[i + 1] ?? "", 91.5] as const);
    const { findings } = await inspect(await plain(80, 80), { labels: () => labels.toReversed() });
    const [name = "", parent] = path;
    const hate = findings.filter(({ label }) => label === "Hate Symbols" && label !== name); // see the test below
    expect(findings.filter((finding) => !hate.includes(finding))).toEqual([
      {
        category: REKOGNITION_LABELS[name as keyof typeof REKOGNITION_LABELS], // it has every name
        score: 0.915,
        label: parent === undefined ? name : `${parent}/${name}`,
      },
    ]);
  });

  test("an ancestor that is surer than all its children speaks for itself", async () => {
    const { findings } = await inspect(await plain(80, 80), {
      labels: () => [
        ["Violence", "", 90],
        ["Weapons", "Violence", 60],
      ],
    });
    expect(findings).toEqual([
      { category: "violence", score: 0.9, label: "Violence" },
      { category: "weapons", score: 0.6, label: "Violence/Weapons" },
    ]);
  });

  test("a symbol of extremists is one of hate too", async () => {
    const { findings } = await inspect(await plain(80, 80), {
      labels: () => [
        ["Nazi Party", "Hate Symbols", 97],
        ["Hate Symbols", "", 97],
      ],
    });
    expect(findings).toEqual([
      { category: "extremism", score: 0.97, label: "Hate Symbols/Nazi Party" },
      { category: "hate", score: 0.97, label: "Hate Symbols" },
    ]);
  });

  test("a label of a later taxonomy has the category of its parent, or is unsafe", async () => {
    const { findings } = await inspect(await plain(80, 80), {
      labels: () => [
        ["Vaping", "Smoking", 70],
        ["Clowns", "", 99],
      ],
    });
    expect(findings).toEqual([
      { category: "tobacco", score: 0.7, label: "Smoking/Vaping" },
      { category: "unsafe", score: 0.99, label: "Clowns" },
    ]);
  });

  test("its version says which model answered last", async () => {
    const { before, detector } = await inspect(await plain(80, 80), {});
    expect(before).toBe("1");
    expect(detector.version).toBe("1.7.0");
  });

  test("a custom adapter is asked for, and must have been used", async () => {
    const { calls, detector } = await inspect(await plain(80, 80), { adapter: ADAPTER }, { project_version: ADAPTER });
    expect(RequestSchema.parse(calls[0]?.json())).toMatchObject({ ProjectVersion: ADAPTER });
    expect(detector.version).toBe("1.version.brand.v2.1690556751958.7.0");
    const failure = await failureOf(inspect(await plain(80, 80), {}, { project_version: ADAPTER }));
    expect(failure).toMatchObject({
      code: "detector_failed",
      detail: expect.stringMatching(/adapter .* was not used/),
    });
  });

  test("every judged frame of an animated picture is asked about, and the worst counts", async () => {
    const { findings, units, calls } = await inspect(await slides(["#00ff00", "#ff0000", "#0000ff"]), {
      labels: async (bytes) => [["Explicit", "", { red: 97, green: 20, blue: 40 }[await colourOf(bytes)]]],
    });
    expect(calls).toHaveLength(3);
    expect(units).toEqual([1, 1, 1]);
    expect(findings).toEqual([
      {
        category: "sexual",
        score: 0.97,
        label: "Explicit",
        evidence: { region: { x: 0, y: 0, width: 1, height: 1, frame: 1 } },
      },
    ]);
  });

  const noise = () =>
    sharp({
      create: {
        width: 2_000,
        height: 2_000,
        channels: 3,
        noise: { type: "gaussian", mean: 128, sigma: 60 },
        background: "#000",
      },
    });
  test.each<[string, () => Promise<Buffer>, { width: number; height: number }]>([
    ["more than 5 MB", () => noise().png().toBuffer(), { width: 2_000, height: 2_000 }],
    [
      "a WebP",
      () =>
        sharp({ create: { width: 300, height: 200, channels: 3, background: "#333" } })
          .webp()
          .toBuffer(),
      { width: 300, height: 200 },
    ],
    ["too small", () => plain(40, 20), { width: 160, height: 80 }],
    ["too long", () => plain(12_000, 120), { width: 10_000, height: 100 }],
    ["too narrow for both", () => plain(12_000, 2), { width: 10_000, height: 80 }],
  ])("a picture that is %s is sent as another that the service takes", async (_name, make, size) => {
    const { calls } = await inspect(await make(), {});
    const { width, height, format } = await sharp(sent(calls[0])).metadata();
    expect({ width, height, format }).toEqual({ ...size, format: "jpeg" });
  });

  test.each<[string, object]>([
    ["a confidence above 100", { ModerationLabels: listed([["Explicit", "", 101]]) }],
    ["a label without a name", { ModerationLabels: [{ Confidence: 90 }] }],
    ["no list", { ModerationModelVersion: "7.0" }],
  ])("%s: it cannot tell", async (_name, body) => {
    const failure = await failureOf(inspect(await plain(80, 80), {}, {}, async () => ({ body })));
    expect(failure).toMatchObject({ code: "detector_failed", detail: "its answer has another shape than expected" });
  });

  test.each([
    { min_confidence: 101 },
    { project_version: "arn:aws:rekognition:us-east-1:1:project/x" },
    { bucket: "b" },
  ])("%j is refused by the schema", (options) => {
    expect(RekognitionOptions.safeParse({ ...AWS, ...options }).success).toBe(false);
  });
});

faultSuite("rekognition", {
  role: "detector",
  open: (endpoint) => openRekognition(RekognitionOptions.parse({ ...AWS, endpoint })),
  ask: async (detector, signal) => detector.inspect(await decoded(await plain(80, 80)), signal),
  close: (detector) => detector.close?.(),
  good: (call) => answer(call, { labels: () => [["Gambling", "", 50]] }),
  refusal: (_status, code, words) => ({ body: { __type: code, Code: code, Message: words } }),
});

describe("with a folder in S3", () => {
  const FOLDER = "s3://moderation/incoming";
  const InS3 = z.strictObject({
    Image: z.strictObject({ S3Object: z.strictObject({ Bucket: z.string(), Name: z.string() }) }),
    MinConfidence: z.number(),
  });

  /** Rekognition and S3 beside it. `look` gets the object that the request names, as it is at that moment. */
  async function beside(look: (object: Buffer | undefined) => Reply | Promise<Reply>) {
    const bucket = new FakeS3();
    const s3 = await vendorServer(bucket.answer);
    const service = await vendorServer((call) => {
      const { Bucket, Name } = InS3.parse(call.json()).Image.S3Object;
      return look(bucket.objects.get(`${Bucket}/${Name}`));
    });
    const options = { ...AWS, endpoint: service.url, s3_endpoint: s3.url, s3_input: FOLDER };
    const detector = await openRekognition(RekognitionOptions.parse(options));
    return {
      bucket,
      detector,
      async [Symbol.asyncDispose]() {
        await detector.close?.();
        await service[Symbol.asyncDispose]();
        await s3[Symbol.asyncDispose]();
      },
    };
  }
  const clear: Reply = { body: { ModerationLabels: [], ModerationModelVersion: "7.0" } };

  test("a picture is put there as it is, judged there, and removed", async () => {
    const picture = await plain(200, 100);
    let seen: Buffer | undefined;
    const labels = listed([["Weapons", "Violence", 88]]);
    const far = await beside((object) => {
      seen = object;
      return { body: { ModerationLabels: labels, ModerationModelVersion: "7.0" } };
    });
    const findings = await far.detector.inspect(await decoded(picture), never);
    expect(seen?.equals(picture)).toBe(true);
    expect(findings).toEqual([{ category: "weapons", score: 0.88, label: "Violence/Weapons" }]);
    await far[Symbol.asyncDispose]();
    expect(far.bucket.objects.size).toBe(0);
    expect(far.bucket.calls.map((call) => call.replace(/[0-9a-f-]{36}/, "ID"))).toEqual([
      "PUT moderation/incoming/ID.png",
      "DELETE moderation/incoming/ID.png",
    ]);
  });

  test("one that is larger than a request may be is not made smaller", async () => {
    const pixels = Buffer.alloc(1_200 * 1_200 * 3);
    for (let at = 0, value = 1; at < pixels.length; at++) pixels[at] = value = (value * 75 + 74) % 65_537;
    const picture = await sharp(pixels, { raw: { width: 1_200, height: 1_200, channels: 3 } })
      .png()
      .toBuffer();
    expect(picture.length).toBeGreaterThan(2 * 1024 * 1024);
    let bytes = 0;
    await using far = await beside((object) => {
      bytes = object?.length ?? 0;
      return clear;
    });
    expect(await far.detector.inspect(await decoded(picture), never)).toEqual([]);
    expect(bytes).toBe(picture.length);
  });

  test("nothing stays when the judgement fails, or nobody waits for it any more", async () => {
    const failing = await beside(() => awsError(400, "InvalidS3ObjectException", PROMPT));
    expect(await failureOf(failing.detector.inspect(await decoded(await plain(80, 80)), never))).toMatchObject({
      code: "detector_failed",
      vendor: { code: "InvalidS3ObjectException" },
    });
    await failing[Symbol.asyncDispose]();
    expect(failing.bucket.objects.size).toBe(0);

    const gone = new AbortController();
    const slow = await beside(async () => {
      gone.abort(new Error("gone"));
      return clear;
    });
    await expect(slow.detector.inspect(await decoded(await plain(80, 80)), gone.signal)).rejects.toThrow("gone");
    await slow[Symbol.asyncDispose]();
    expect(slow.bucket.objects.size).toBe(0);
  });

  test("a folder that is none is told with what it must be", () => {
    const parsed = RekognitionOptions.safeParse({ ...AWS, s3_input: "moderation/incoming" });
    expect(parsed.error?.issues).toMatchObject([{ path: ["s3_input"], message: "must be s3://bucket/prefix" }]);
  });

  test("an address of S3 without a folder is told", async () => {
    const options = RekognitionOptions.parse({ ...AWS, s3_endpoint: "http://127.0.0.1:9" });
    await expect(openRekognition(options)).rejects.toMatchObject({
      code: "config_invalid",
      detail: expect.stringMatching(/^s3_endpoint:/),
    });
  });
});
