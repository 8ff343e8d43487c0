import { ClassifyDocumentCommand, type ComprehendClient } from "@aws-sdk/client-comprehend";
import { z } from "zod";
import type { Category } from "../../../contract/categories.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Finding } from "../../../contract/report.ts";
import type { AwsCaller } from "../../../outbound/aws.ts";
import { shownLabel } from "../../vendors/labels.ts";
import { ScoredSchema } from "./scored.ts";

/** UTF-8 bytes of one document. */
export const DOCUMENT_BYTES = 10_000;

/** A model that gives each text one class answers `Classes`, one that may give several `Labels`. */
const AnswerSchema = z.object({
  Classes: z.array(ScoredSchema).min(1).nullish(),
  Labels: z.array(ScoredSchema).min(1).nullish(),
});

export type Classes = Readonly<Record<string, Category | null>>;

/** @throws SafelightError `detector_failed` also when the model knows a class that `classes` does not */
export async function classify(
  text: string,
  { client, caller, arn, classes }: { client: ComprehendClient; caller: AwsCaller; arn: string; classes: Classes },
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const command = new ClassifyDocumentCommand({ EndpointArn: arn, Text: text });
  const answer = AnswerSchema.safeParse(await caller.call((options) => client.send(command, options), signal));
  const listed = answer.data?.Classes ?? answer.data?.Labels;
  if (!listed) throw new SafelightError("detector_failed", "its answer holds no classes");
  const scores = new Map(listed.map(({ Name, Score }) => [Name, Score]));
  for (const name of scores.keys()) {
    if (!Object.hasOwn(classes, name))
      throw new SafelightError(
        "detector_failed",
        `its model knows a class that classes does not name: ${shownLabel(name)}`,
      );
  }
  const others = unlisted([...scores.values()], answer.data?.Classes != null);
  return Object.entries(classes).flatMap(([name, category]) =>
    category === null ? [] : [{ category, score: scores.get(name) ?? others, label: shownLabel(name) }],
  );
}

/** A model with many classes lists only those with the highest scores: what the others can have at most. */
function unlisted(scores: readonly number[], exclusive: boolean): number {
  const left = exclusive ? Math.max(0, 1 - scores.reduce((sum, score) => sum + score, 0)) : 1;
  return Math.min(left, ...scores);
}
