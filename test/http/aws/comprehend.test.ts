import {
  ClassifyDocumentCommand,
  type ClassifyDocumentCommandInput,
  DetectToxicContentCommand,
  type LanguageCode,
} from "@aws-sdk/client-comprehend";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AwsWorld, awsWorld } from "./world.ts";

let aws: AwsWorld;
beforeAll(async () => {
  aws = await awsWorld();
});
afterAll(() => aws.close());

const arn = (endpoint: string, account = "111122223333") =>
  `arn:aws:comprehend:us-east-1:${account}:document-classifier-endpoint/${endpoint}`;
const classify = (Text: string, EndpointArn = arn("prompt-mod")) =>
  aws.comprehend.send(new ClassifyDocumentCommand({ Text, EndpointArn }));
const toxic = (texts: readonly string[], LanguageCode: LanguageCode = "en") =>
  aws.comprehend.send(new DetectToxicContentCommand({ TextSegments: texts.map((Text) => ({ Text })), LanguageCode }));
const signal = (category: string, score: number) => `a castle safelight-test:prompt:${category}:${score}`;

describe("Comprehend's client, classifying a prompt,", () => {
  test.each([
    ["allows", "two cats in a garden", "NON_TOXIC", 0.5, 1],
    ["warns about", signal("violence", 0.6), "NON_TOXIC", 0.51, 0.75],
    ["blocks", signal("violence", 1), "TOXIC", 0.95, 1],
    ["blocks at a low score", signal("sexual_minors", 0.5), "TOXIC", 0.95, 1],
  ])("gets for one that the policy %s the class of that decision", async (_what, text, name, least, most) => {
    const { Classes = [] } = await classify(text);
    expect(Classes.map(({ Name }) => Name).sort()).toEqual(["NON_TOXIC", "TOXIC"]);
    expect(Classes[0]?.Name).toBe(name);
    expect(Classes[0]?.Score).toBeGreaterThanOrEqual(least);
    expect(Classes[0]?.Score).toBeLessThanOrEqual(most);
    expect((Classes[0]?.Score ?? 0) + (Classes[1]?.Score ?? 0)).toBeCloseTo(1, 9);
  });

  test("chooses a policy by the endpoint's name", async () => {
    const text = signal("suggestive", 0.3);
    expect((await classify(text)).Classes?.[0]?.Name).toBe("NON_TOXIC");
    expect((await classify(text, arn("strict"))).Classes?.[0]?.Name).toBe("TOXIC");
  });

  test("gets the classes of AWS's own classifier where it asks for that", async () => {
    const { Classes } = await classify(signal("violence", 1), arn("prompt-safety", "aws"));
    expect(Classes?.map(({ Name }) => Name)).toEqual(["UNSAFE_PROMPT", "SAFE_PROMPT"]);
  });

  test("is told that the service failed when a required check could not tell", async () => {
    const failed = { name: "InternalServerException", $metadata: { httpStatusCode: 500 } };
    await expect(classify("a castle safelight-test:prompt:error")).rejects.toMatchObject(failed);
    await expect(toxic(["a castle", "safelight-test:prompt:error"])).rejects.toMatchObject(failed);
    await expect(classify("two cats", arn("blind"))).rejects.toMatchObject(failed); // nobody looked at what it requires
  });

  test.each<[string, Partial<ClassifyDocumentCommandInput>, string]>([
    ["an ARN of something else", { EndpointArn: "arn:aws:s3:::bucket" }, "InvalidRequestException"],
    ["no text", { Text: undefined }, "InvalidRequestException"],
    ["a blank text", { Text: "  " }, "InvalidRequestException"],
    ["a file", { Text: undefined, Bytes: Buffer.from("%PDF-1.4") }, "InvalidRequestException"],
    ["more than 10 KB", { Text: "é".repeat(5_121) }, "TextSizeLimitExceededException"],
    ["more than the server's own limit", { Text: "x".repeat(4_001) }, "TextSizeLimitExceededException"],
  ])("is refused %s under the service's own name for that", async (_what, input, name) => {
    const command = new ClassifyDocumentCommand({ EndpointArn: arn("a"), Text: "a castle", ...input });
    await expect(aws.comprehend.send(command)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  });
});

describe("Comprehend's client, asking for toxic content,", () => {
  const LABELS = [
    "GRAPHIC",
    "HARASSMENT_OR_ABUSE",
    "HATE_SPEECH",
    "INSULT",
    "PROFANITY",
    "SEXUAL",
    "VIOLENCE_OR_THREAT",
  ];
  const score = (labels: readonly { Name?: string | undefined; Score?: number | undefined }[] = [], name: string) =>
    labels.find(({ Name }) => Name === name)?.Score;

  test("gets all seven labels and one toxicity for each segment, in order", async () => {
    const { ResultList = [] } = await toxic(["two cats", signal("violence", 1), signal("gore", 0.7)]);
    expect(ResultList).toHaveLength(3);
    for (const { Labels } of ResultList) expect(Labels?.map(({ Name }) => Name).sort()).toEqual(LABELS);
    const [cats, violence, gore] = ResultList;
    expect(cats?.Toxicity).toBeLessThan(0.5);
    expect(violence?.Toxicity).toBeGreaterThanOrEqual(0.9);
    expect(score(violence?.Labels, "VIOLENCE_OR_THREAT")).toBe(1);
    expect(score(gore?.Labels, "GRAPHIC")).toBeCloseTo(0.7);
    expect(gore?.Toxicity).toBeGreaterThanOrEqual(0.5);
    expect(gore?.Toxicity).toBeLessThan(0.9);
  });

  test.each([
    ["hate", "HATE_SPEECH"],
    ["harassment", "INSULT"],
    ["harassment", "HARASSMENT_OR_ABUSE"],
    ["profanity", "PROFANITY"],
    ["sexual", "SEXUAL"],
    ["sexual_minors", "SEXUAL"],
    ["extremism", "HATE_SPEECH"],
  ])("finds %s as %s", async (category, label) => {
    const { ResultList } = await toxic([signal(category, 0.95)]);
    expect(score(ResultList?.[0]?.Labels, label)).toBeCloseTo(0.95);
  });

  test("gets a high toxicity also for what none of the labels speaks of", async () => {
    const { ResultList } = await toxic([signal("unsafe", 0.98), signal("illegal_activity", 1)]);
    for (const { Toxicity } of ResultList ?? []) expect(Toxicity).toBeGreaterThanOrEqual(0.9);
  });

  test("is told which limit a segment or a language is beyond", async () => {
    await expect(toxic([])).rejects.toThrow('"TextSegments" must have at least 1 segment');
    await expect(toxic(Array(11).fill("a"))).rejects.toThrow('"TextSegments" must have at most 10 segments');
    await expect(toxic(["a"], "xx" as LanguageCode)).rejects.toThrow('"LanguageCode" must be one of en, es,'); // as below
  });

  test.each<[string, readonly string[], LanguageCode, string]>([
    ["eleven segments", Array.from({ length: 11 }, () => "a"), "en", "InvalidRequestException"],
    ["no segment", [], "en", "InvalidRequestException"],
    ["a segment of more than 1 KB", ["a", "x".repeat(1_025)], "en", "TextSizeLimitExceededException"],
    ["another language", ["ein Schloss"], "de", "UnsupportedLanguageException"],
    ["a language that there is not", ["a castle"], "xx" as LanguageCode, "InvalidRequestException"], // the type knows only real ones
  ])("is refused %s under the service's own name for that", async (_what, texts, language, name) => {
    await expect(toxic(texts, language)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  });
});
