import { z } from "zod";
import { isCategory } from "../../../contract/categories.ts";
import { SafelightError } from "../../../contract/errors.ts";
import { type Evidence, type Finding, RegionSchema } from "../../../contract/report.ts";
import { readJson } from "../../../outbound/client.ts";
import { DETECTOR } from "../../../outbound/role.ts";
import { shownLabel } from "../labels.ts";
import type { Format, Subject } from "./format.ts";
import type { HttpOptions } from "./options.ts";

const SCHEMA = "safelight.inspect/1";

const AnswerSchema = z.object({
  findings: z.array(
    z.object({
      category: z.string().min(1),
      score: z.number().min(0).max(1),
      label: z.string().nullish(),
      span: z.tuple([z.int().min(0), z.int().min(0)]).nullish(),
      region: RegionSchema.omit({ frame: true }).nullish(),
    }),
  ),
  units: z.number().min(0).nullish(),
});
type AnsweredFinding = z.output<typeof AnswerSchema>["findings"][number];

/** Safelight's own contract, told in docs/detectors/http.md. */
export class Native implements Format {
  readonly path: string;
  readonly keyHeader = "authorization";

  constructor({ url }: HttpOptions) {
    const { pathname, search } = new URL(url);
    this.path = pathname + search;
  }

  request(subject: Subject): object {
    if (subject.kind === "text") return { schema: SCHEMA, kind: "text", text: subject.text };
    const { bytes, mediaType } = subject;
    return {
      schema: SCHEMA,
      kind: "image",
      image_b64: Buffer.from(bytes).toString("base64"),
      media_type: mediaType,
    };
  }

  read(answer: { readonly bytes: Uint8Array }, subject: Subject): ReturnType<Format["read"]> {
    const { findings, units } = readJson(DETECTOR, answer, AnswerSchema);
    return {
      findings: findings.map((finding) => findingOf(finding, subject)),
      ...(units == null ? {} : { units }),
    };
  }
}

function findingOf({ category, score, label, span, region }: AnsweredFinding, subject: Subject): Finding {
  const known = isCategory(category) ? category : "unsafe";
  const named = label ?? (known === category ? undefined : category);
  const evidence: Evidence = {
    ...(span && subject.kind === "text" ? { span: within(span, subject.text) } : {}),
    ...(region && subject.kind === "image" ? { region } : {}),
  };
  return {
    category: known,
    score,
    ...(named === undefined ? {} : { label: shownLabel(named) }),
    ...(Object.keys(evidence).length > 0 ? { evidence } : {}),
  };
}

function within([start, end]: [number, number], text: string): [number, number] {
  if (start <= end && end <= text.length) return [start, end];
  throw new SafelightError(DETECTOR.failed, `its answer has a span that is not within the text: ${start} to ${end}`);
}
