import { z } from "zod";
import type { BuiltInCategory } from "../../../contract/categories.ts";
import type { Finding } from "../../../contract/report.ts";
import { shownLabel } from "../../vendors/labels.ts";
import { REKOGNITION_LABELS } from "./labels.ts";

/** What DetectModerationLabels answers, as far as it says what is in a picture. Confidences become 0 to 1. */
export const ModerationLabelsSchema = z.object({
  ModerationLabels: z.array(
    z.object({
      Name: z.string(),
      ParentName: z.string().nullish(),
      Confidence: z
        .number()
        .min(0)
        .max(100.001)
        .transform((percent) => Math.min(1, percent / 100)),
    }),
  ),
  ModerationModelVersion: z
    .string()
    .regex(/^[\w.-]{1,40}$/)
    .nullish()
    .catch(null),
  ProjectVersion: z.string().nullish(),
});
type Label = z.output<typeof ModerationLabelsSchema>["ModerationLabels"][number];

/** An ancestor that is as true as what brought it along: a symbol of extremists is one of hate too. */
const TRUE_OF_ALL_BELOW = "Hate Symbols" satisfies keyof typeof REKOGNITION_LABELS;

/**
 * A label brings its ancestors along, with the same confidence: those say nothing of their own. (A picture of a knife is listed as
 * Violence/Weapons and as Violence, and would be violence as well as weapons.)
 */
export function findingsOf(labels: readonly Label[]): readonly Finding[] {
  const brought = ({ Name, Confidence }: Label) =>
    Name !== TRUE_OF_ALL_BELOW &&
    labels.some(({ ParentName, Confidence: child }) => ParentName === Name && child >= Confidence - 0.000_1);
  return labels
    .filter((label) => !brought(label))
    .map(({ Name, ParentName, Confidence }) => ({
      category: categoryOf(Name) ?? categoryOf(ParentName ?? "") ?? "unsafe",
      score: Confidence,
      label: ParentName ? `${shown(ParentName)}/${shown(Name)}` : shown(Name),
    }));
}

/** A label of a later taxonomy has the category of its parent. */
function categoryOf(name: string): BuiltInCategory | undefined {
  const known: Readonly<Record<string, BuiltInCategory>> = REKOGNITION_LABELS;
  return Object.hasOwn(known, name) ? known[name] : undefined;
}

function shown(name: string): string {
  return categoryOf(name) === undefined ? shownLabel(name) : name;
}
