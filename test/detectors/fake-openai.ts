import { z } from "zod";
import { type Reply, type VendorCall, type VendorServer, vendorServer } from "../vendors/server.ts";

/** A fault in OpenAI's format. */
export function openAiFault(status: number, code: string, message: string): Reply {
  return { status, body: { error: { message, type: "invalid_request_error", param: null, code } } };
}

const RequestSchema = z.strictObject({
  model: z.string().regex(/^omni-moderation-/),
  input: z.union([
    z.string().min(1),
    z.tuple([
      z.strictObject({
        type: z.literal("image_url"),
        image_url: z.strictObject({
          url: z.string().regex(/^data:image\/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/]+=*$/),
        }),
      }),
    ]),
  ]),
});

const PICTURE_TOO = [
  "self-harm",
  "self-harm/intent",
  "self-harm/instructions",
  "sexual",
  "violence",
  "violence/graphic",
];
const TEXT_ONLY = [
  "harassment",
  "harassment/threatening",
  "hate",
  "hate/threatening",
  "illicit",
  "illicit/violent",
  "sexual/minors",
];

/** What it is asked about: the text, or the bytes of the picture. */
export type Asked = { readonly text: string } | { readonly picture: Buffer };
/** Scores by label; all others are near 0. */
export type Scoring = (asked: Asked) => Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;

/** `POST /v1/moderations` as OpenAI has it: checks the key and the request, and scores all 13 categories. */
export async function answerModeration(call: VendorCall, key: string, scoring: Scoring): Promise<Reply> {
  if (call.headers.authorization !== `Bearer ${key}`)
    return openAiFault(401, "invalid_api_key", `Incorrect API key provided: ${call.headers.authorization}`);
  if (call.method !== "POST" || call.path !== "/v1/moderations")
    return openAiFault(404, "unknown_url", `Unknown request URL: ${call.path}`);
  const request = RequestSchema.safeParse(call.json());
  if (!request.success) return openAiFault(400, "invalid_value", z.prettifyError(request.error));
  const { input, model } = request.data;
  const asked: Asked =
    typeof input === "string"
      ? { text: input }
      : { picture: Buffer.from(input[0].image_url.url.split(",")[1] ?? "", "base64") };
  const given = await scoring(asked);
  const labels = [...new Set([...PICTURE_TOO, ...TEXT_ONLY, ...Object.keys(given)])];
  const scores = Object.fromEntries(labels.map((label) => [label, given[label] ?? ("text" in asked ? 1.5e-6 : 0)]));
  const applied = (label: string) => ("text" in asked ? ["text"] : !TEXT_ONLY.includes(label) ? ["image"] : []);
  return {
    headers: { "x-request-id": "req_1" },
    body: {
      id: "modr-1",
      model,
      results: [
        {
          flagged: Object.values(scores).some((score) => score > 0.5),
          categories: Object.fromEntries(labels.map((label) => [label, (scores[label] ?? 0) > 0.5])),
          category_scores: scores,
          category_applied_input_types: Object.fromEntries(labels.map((label) => [label, applied(label)])),
        },
      ],
    },
  };
}

export function fakeOpenAi(key: string, scoring: Scoring = () => ({})): Promise<VendorServer> {
  return vendorServer((call) => answerModeration(call, key, scoring));
}
