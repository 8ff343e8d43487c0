import { z } from "zod";
import type { TextDetector } from "../../../contract/detector.ts";
import type { Finding } from "../../../contract/report.ts";
import { Client } from "../../../outbound/client.ts";
import { DETECTOR } from "../../../outbound/role.ts";
import { readSecret } from "../../../outbound/secret.ts";
import { chunked, inspectChunks, LENGTHS } from "../../vendors/chunks.ts";
import { covered, findingsOf } from "../../vendors/labels.ts";
import { PERSPECTIVE_LABELS } from "./labels.ts";
import type { PerspectiveOptions } from "./options.ts";
import { soundSpan } from "./spans.ts";

/** Changes with the table of labels, or with what is made of the scores. */
const CODE_VERSION = "1";

/** "The maximum text size per request is 20 KB." */
const MOST_BYTES = 20_000;

const score = z.object({ value: z.number().min(0).max(1) });

/** What is needed of an answer. */
const ScoresSchema = z.object({
  attributeScores: z.record(
    z.string(),
    z.object({
      summaryScore: score,
      spanScores: z
        .array(z.object({ begin: z.number().nullish(), end: z.number().nullish(), score }))
        .nullish()
        .transform((spans) => spans ?? []),
    }),
  ),
});
type AttributeScores = z.output<typeof ScoresSchema>["attributeScores"];

/**
 * Perspective's Comment Analyzer, `POST /v1alpha1/comments:analyze`. It is free of charge. Nothing that it is asked is stored.
 * @see https://developers.perspectiveapi.com/s/about-the-api-methods
 */
export async function openPerspective(options: PerspectiveOptions): Promise<TextDetector> {
  const client = new Client(DETECTOR, {
    url: options.url,
    headers: { "x-goog-api-key": readSecret(options.api_key) },
  });
  const asked = Object.fromEntries(options.attributes.map((name) => [name, PERSPECTIVE_LABELS[name]]));
  const request = {
    requestedAttributes: Object.fromEntries(options.attributes.map((name) => [name, {}])),
    ...(options.languages ? { languages: options.languages } : {}),
    spanAnnotations: true,
    doNotStore: true,
  };
  return {
    id: "perspective",
    version: CODE_VERSION,
    categories: covered(asked),
    inspect: ({ text }, signal) =>
      inspectChunks(
        chunked(text, MOST_BYTES, LENGTHS.utf8Bytes),
        async (chunk, either) => {
          const body = { comment: { text: chunk.text, type: "PLAIN_TEXT" }, ...request };
          const call = { path: "/v1alpha1/comments:analyze", body };
          const { attributeScores } = await client.json(call, ScoresSchema, either);
          const scores = Object.entries(attributeScores).map(([name, one]) => [name, one.summaryScore.value] as const);
          return findingsOf(asked, new Map(scores)).map((finding) => placed(finding, attributeScores, chunk.text));
        },
        signal,
      ),
    close: () => client.close(),
  };
}

/** The finding with the span that scored highest for the same attribute, where the answer has spans. */
function placed(finding: Finding, attributes: AttributeScores, text: string): Finding {
  const spans = attributes[finding.label ?? ""]?.spanScores ?? [];
  const [worst] = spans.toSorted((a, b) => b.score.value - a.score.value);
  const span = worst && soundSpan(text, worst.begin, worst.end);
  return span ? { ...finding, evidence: { span } } : finding;
}
