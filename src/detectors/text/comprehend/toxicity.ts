import { type ComprehendClient, DetectToxicContentCommand } from "@aws-sdk/client-comprehend";
import { z } from "zod";
import { SafelightError } from "../../../contract/errors.ts";
import type { Finding } from "../../../contract/report.ts";
import type { AwsCaller } from "../../../outbound/aws.ts";
import { findingsOf } from "../../vendors/labels.ts";
import { TOXICITY_LABELS } from "./labels.ts";
import { ScoredSchema } from "./scored.ts";

/** UTF-8 bytes of one segment, and segments of one call. */
export const SEGMENT_BYTES = 1_000;
export const SEGMENTS = 10;

const AnswerSchema = z.object({
  ResultList: z.array(z.object({ Labels: z.array(ScoredSchema), Toxicity: ScoredSchema.shape.Score })),
});

/** The findings about each segment, in order. */
export async function detectToxic(
  segments: readonly string[],
  { client, caller }: { client: ComprehendClient; caller: AwsCaller },
  signal: AbortSignal,
): Promise<readonly (readonly Finding[])[]> {
  const command = new DetectToxicContentCommand({
    LanguageCode: "en", // the only one that it takes
    TextSegments: segments.map((Text) => ({ Text })),
  });
  const answer = AnswerSchema.safeParse(await caller.call((options) => client.send(command, options), signal));
  if (!answer.success) throw new SafelightError("detector_failed", "its answer has another shape than expected");
  const { ResultList } = answer.data;
  if (ResultList.length !== segments.length)
    throw new SafelightError(
      "detector_failed",
      `it was asked about ${segments.length} segments and judged ${ResultList.length}`,
    );
  return ResultList.map(({ Labels, Toxicity }) => [
    { category: "unsafe", score: Toxicity, label: "TOXICITY" },
    ...findingsOf(TOXICITY_LABELS, new Map(Labels.map(({ Name, Score }) => [Name, Score]))),
  ]);
}
