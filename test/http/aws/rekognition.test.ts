import {
  DetectModerationLabelsCommand,
  type DetectModerationLabelsCommandInput,
  type ModerationLabel,
} from "@aws-sdk/client-rekognition";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Category } from "../../../src/contract/categories.ts";
import { type AwsWorld, awsWorld, plainPicture, scored, testCard } from "./world.ts";

let aws: AwsWorld;
beforeAll(async () => {
  aws = await awsWorld();
});
afterAll(() => aws.close());

const detect = (input: DetectModerationLabelsCommandInput) =>
  aws.rekognition.send(new DetectModerationLabelsCommand(input));
const card = async (category: Category, score: number) => ({
  Image: { Bytes: await testCard(scored(category, score)) },
});
const adapter = (policy: string) =>
  `arn:aws:rekognition:us-east-1:111122223333:project/${policy}/version/v/1690556751958`;
const paths = (labels: readonly ModerationLabel[] = []) =>
  labels.map(({ Name, ParentName, TaxonomyLevel }) => `${TaxonomyLevel} ${ParentName} > ${Name}`).sort();

describe("Rekognition's client, asking for moderation labels,", () => {
  test.each(["png", "jpeg"] as const)("finds nothing in a harmless %s", async (format) => {
    const answer = await detect({ Image: { Bytes: await plainPicture(format) } });
    expect(answer).toMatchObject({ ModerationLabels: [], ModerationModelVersion: "7.0", ContentTypes: [] });
    expect(answer.$metadata.requestId).toMatch(/^req_/);
  });

  test.each<[Category, string[]]>([
    ["sexual", ["1  > Explicit", "2 Explicit > Explicit Nudity"]],
    ["gore", ["1  > Violence", "2 Violence > Graphic Violence", "3 Graphic Violence > Blood & Gore"]],
    ["weapons", ["1  > Violence", "2 Violence > Weapons"]],
    ["hate", ["1  > Hate Symbols"]],
    ["extremism", ["1  > Hate Symbols", "2 Hate Symbols > Extremist"]],
    [
      "tobacco",
      [
        "1  > Drugs & Tobacco",
        "2 Drugs & Tobacco > Drugs & Tobacco Paraphernalia & Use",
        "3 Drugs & Tobacco Paraphernalia & Use > Smoking",
      ],
    ],
    ["unsafe", ["1  > Unsafe"]],
    ["violence", ["1  > Violence", "2 Violence > Graphic Violence", "3 Graphic Violence > Physical Violence"]],
    ["self_harm", ["1  > Violence", "2 Violence > Graphic Violence", "3 Graphic Violence > Self-Harm"]],
    ["custom:our-mascot", ["1  > Our-mascot"]],
  ])("gets %s with the labels above it", async (category, expected) => {
    const { ModerationLabels } = await detect(await card(category, 0.9));
    expect(paths(ModerationLabels)).toEqual(expected);
    for (const { Confidence } of ModerationLabels ?? []) expect(Confidence).toBeCloseTo(90, 1);
  });

  test("gets no label below 50, or below the confidence that it asks for", async () => {
    const low = await card("sexual", 0.45);
    expect((await detect(low)).ModerationLabels).toEqual([]);
    expect((await detect({ ...low, MinConfidence: 40 })).ModerationLabels).toHaveLength(2);
    expect((await detect({ ...low, MinConfidence: 45.5 })).ModerationLabels).toEqual([]);
  });

  test("gets the labels of what the policy does not let through, however low their confidence", async () => {
    const low = await card("sexual_minors", 0.35); // which the default policy blocks from 0.3 on
    expect((await detect(low)).ModerationLabels).toMatchObject([
      { Name: "Explicit", Confidence: expect.closeTo(35, 1) },
    ]);
    expect((await detect({ ...low, MinConfidence: 99 })).ModerationLabels).toHaveLength(1);
    const suggestive = await card("suggestive", 0.2); // allowed by the default policy, and not by this one
    expect((await detect(suggestive)).ModerationLabels).toEqual([]);
    expect(paths((await detect({ ...suggestive, ProjectVersion: adapter("strict") })).ModerationLabels)).toHaveLength(
      2,
    );
  });

  test("is told that the service failed when a required check could not tell", async () => {
    const Bytes = await testCard({ kind: "error" });
    await expect(detect({ Image: { Bytes } })).rejects.toMatchObject({
      name: "InternalServerError",
      $metadata: { httpStatusCode: 500 },
    });
  });

  test("is told the same when nobody can see what the policy requires", async () => {
    const Image = { Bytes: await plainPicture() };
    await expect(detect({ Image, ProjectVersion: adapter("blind") })).rejects.toMatchObject({
      name: "InternalServerError",
    });
  });

  test("chooses a policy by the project of its adapter", async () => {
    const answer = await detect({ Image: { Bytes: await plainPicture() }, ProjectVersion: adapter("strict") });
    expect(answer).toMatchObject({ ModerationLabels: [], ProjectVersion: adapter("strict") });
    await expect(
      detect({ Image: { Bytes: await plainPicture() }, ProjectVersion: adapter("nobody") }),
    ).rejects.toMatchObject({ name: "ResourceNotFoundException", message: expect.stringContaining("nobody") });
  });

  test.each<[string, () => Promise<DetectModerationLabelsCommandInput>, string]>([
    [
      "an object of S3",
      async () => ({ Image: { S3Object: { Bucket: "b23", Name: "a.jpg" } } }),
      "InvalidS3ObjectException",
    ],
    ["no image", async () => ({ Image: {} }), "InvalidParameterException"],
    [
      "both kinds of image",
      async () => ({ Image: { Bytes: await plainPicture(), S3Object: { Bucket: "b23", Name: "a" } } }),
      "InvalidParameterException",
    ],
    ["no bytes", async () => ({ Image: { Bytes: new Uint8Array() } }), "InvalidParameterException"],
    ["more than 5 MB", async () => ({ Image: { Bytes: new Uint8Array(5_242_881) } }), "ImageTooLargeException"],
    ["a WebP", async () => ({ Image: { Bytes: await plainPicture("webp") } }), "InvalidImageFormatException"],
    ["text", async () => ({ Image: { Bytes: Buffer.from("no picture") } }), "InvalidImageFormatException"],
    [
      "half a picture",
      async () => ({ Image: { Bytes: (await testCard(scored("gore", 0.9))).subarray(0, 400) } }),
      "InvalidImageFormatException",
    ],
    [
      "a side below 80",
      async () => ({ Image: { Bytes: await plainPicture("png", 400, 79) } }),
      "InvalidParameterException",
    ],
    [
      "a side above 10,000",
      async () => ({ Image: { Bytes: await plainPicture("png", 10_001, 80) } }),
      "ImageTooLargeException",
    ],
    [
      "a confidence above 100",
      async () => ({ Image: { Bytes: await plainPicture() }, MinConfidence: 101 }),
      "InvalidParameterException",
    ],
    [
      "a project that is none",
      async () => ({ Image: { Bytes: await plainPicture() }, ProjectVersion: "arn:aws:s3:::a-bucket-of-mine" }),
      "InvalidParameterException",
    ],
    [
      "a human loop",
      async () => ({
        Image: { Bytes: await plainPicture() },
        HumanLoopConfig: { HumanLoopName: "l", FlowDefinitionArn: "arn:aws:sagemaker:us-east-1:1:flow-definition/f" },
      }),
      "InvalidParameterException",
    ],
  ])("is refused %s under the service's own name for that", async (_what, input, name) => {
    await expect(detect(await input())).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  });

  test("may read the policy's decision in the headers", async () => {
    const response = await aws.server.post(
      "/aws/",
      { Image: { Bytes: Buffer.from(await testCard(scored("sexual", 0.97))).toString("base64") } },
      { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "RekognitionService.DetectModerationLabels" },
    );
    expect(response.headers.get("Safelight-Action")).toBe("block");
    expect(response.headers.get("Safelight-Policy")).toMatch(/^default; digest="sha256:/);
    expect(response.headers.get("x-amzn-RequestId")).toMatch(/^req_/);
    expect(response.headers.get("Content-Type")).toBe("application/x-amz-json-1.1");
  });
});

describe("the JSON protocol", () => {
  const ask = async (body: unknown, target = "RekognitionService.DetectModerationLabels") => {
    const response = await aws.server.post("/aws", body, { "X-Amz-Target": target });
    return { status: response.status, ...((await response.json()) as { __type: string; Message: string }) };
  };

  test.each(["RekognitionService.DetectFaces", "Comprehend_20171127.DetectSentiment", "Nobody.Asks", ""])(
    "does not know the operation %j",
    async (target) => {
      expect(await ask({}, target)).toMatchObject({ status: 400, __type: "UnknownOperationException" });
    },
  );

  test.each<[string, unknown]>([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["empty", ""],
    ["of a member with a wrong type", { Image: { Bytes: 5 } }],
    ["of bytes that are not base64", { Image: { Bytes: "%%%%" } }],
  ])("calls a body that is %s a SerializationException", async (_what, body) => {
    expect(await ask(body)).toMatchObject({ status: 400, __type: "SerializationException" });
  });

  test("names the field that is missing, and ignores what it does not know", async () => {
    expect(await ask({ Picture: 1 })).toMatchObject({
      __type: "InvalidParameterException",
      Message: expect.stringMatching(/"Image" is missing/),
    });
  });

  test("answers other methods and addresses as AWS would", async () => {
    const get = await fetch(`${aws.endpoint}/`);
    expect(get.headers.get("x-amzn-ErrorType")).toBe("UnknownOperationException");
    const lost = await fetch(`${aws.endpoint}/endpoints/default/async-invocations`, { method: "POST", body: "{}" });
    expect(lost.status).toBe(400);
    expect(await lost.json()).toMatchObject({ __type: "UnknownOperationException" });
  });
});
