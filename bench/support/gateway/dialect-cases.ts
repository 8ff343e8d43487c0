import { z } from "zod";
import { ANSWERS, drawing } from "./pictures.ts";

/** Only checks that cost little, so that what differs can be seen. */
export const CHEAP_CHECKS = `
schema: safelight.policy/1
name: default
version: "1"
prompt: { detectors: { rules: {} }, categories: { violence: { block: 1.0 } } }
image: { detectors: { test-card: {} }, categories: { sexual: { block: 0.9 } } }
`;

export interface Call {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What the answer must be. */
  readonly answer: z.ZodType;
}

/** A dialect's call, and the native one that has the same work done. */
export interface Case {
  readonly name: string;
  readonly dialect: Call;
  readonly native: Call;
}

const PROMPT = "a soft sky over the sea, watercolor";
const { side } = ANSWERS["4 KB"];

const json = { "content-type": "application/json" };
const aws = (target: string) => ({ "content-type": "application/x-amz-json-1.1", "x-amz-target": target });
const picture = z.base64().min(1_000);
const call = (path: string, headers: Call["headers"], body: object, answer: z.ZodType): Call => ({
  path,
  headers,
  body: JSON.stringify(body),
  answer,
});

export async function cases(): Promise<readonly Case[]> {
  const image = (await drawing({ side: 96, grain: 1.2 })).toString("base64");
  const generation = call(
    "/api/v1/generations",
    json,
    { prompt: PROMPT, width: side, height: side },
    z.object({ action: z.literal("allow"), images: z.tuple([z.object({ b64: picture })]) }),
  );
  const text = call("/api/v1/checks/text", json, { text: PROMPT }, z.object({ action: z.literal("allow") }));
  const seen = call("/api/v1/checks/image", json, { image }, z.object({ action: z.literal("allow") }));
  const unflagged = z.object({ results: z.tuple([z.object({ flagged: z.literal(false) })]) });
  return [
    {
      name: "OpenAI images/generations",
      native: generation,
      dialect: call(
        "/v1/images/generations",
        json,
        { model: "dummy", prompt: PROMPT, size: `${side}x${side}` },
        z.object({ data: z.tuple([z.object({ b64_json: picture })]) }),
      ),
    },
    {
      name: "OpenAI moderations, text",
      native: text,
      dialect: call("/v1/moderations", json, { input: PROMPT }, unflagged),
    },
    {
      name: "OpenAI moderations, picture",
      native: seen,
      dialect: call(
        "/v1/moderations",
        json,
        { input: [{ type: "image_url", image_url: { url: `data:image/png;base64,${image}` } }] },
        unflagged,
      ),
    },
    {
      name: "Rekognition DetectModerationLabels",
      native: seen,
      dialect: call(
        "/aws",
        aws("RekognitionService.DetectModerationLabels"),
        { Image: { Bytes: image } },
        z.object({ ModerationLabels: z.tuple([]) }),
      ),
    },
    {
      name: "Comprehend ClassifyDocument",
      native: text,
      dialect: call(
        "/aws",
        aws("Comprehend_20171127.ClassifyDocument"),
        {
          EndpointArn: "arn:aws:comprehend:us-east-1:aws:document-classifier-endpoint/prompt-safety",
          Text: PROMPT,
        },
        z.object({ Classes: z.array(z.unknown()).length(2) }),
      ),
    },
    {
      name: "Comprehend DetectToxicContent",
      native: text,
      dialect: call(
        "/aws",
        aws("Comprehend_20171127.DetectToxicContent"),
        { TextSegments: [{ Text: PROMPT }], LanguageCode: "en" },
        z.object({ ResultList: z.tuple([z.object({ Toxicity: z.number().max(0.5) })]) }),
      ),
    },
    {
      name: "SageMaker InvokeEndpoint, PNG",
      native: generation,
      dialect: call(
        "/aws/endpoints/default/invocations",
        json,
        { text_prompts: [{ text: PROMPT }], width: side, height: side },
        z.object({ artifacts: z.tuple([z.object({ base64: picture })]) }),
      ),
    },
    {
      name: "AUTOMATIC1111 txt2img",
      native: generation,
      dialect: call(
        "/sdapi/v1/txt2img",
        json,
        { prompt: PROMPT, width: side, height: side },
        z.object({ images: z.tuple([picture]) }),
      ),
    },
  ];
}
