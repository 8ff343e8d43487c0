import { z } from "zod";
import { decoded } from "./csv.ts";
import type { RowCollector } from "./rows.ts";

const LF = 0x0a;

/** One line of a JSON Lines file. `value` is missing when the line is not UTF-8 or not JSON. */
export interface JsonLine {
  readonly line: number;
  readonly value?: Readonly<Record<string, unknown>>;
  readonly problem?: "encoding" | "not_json";
}

const JsonObject = z.record(z.string(), z.unknown());

/** The lines of a file, in order; blank ones are skipped. */
export function* jsonLines(bytes: Uint8Array): Generator<JsonLine> {
  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    line += 1;
    const found = bytes.indexOf(LF, start);
    const end = found < 0 ? bytes.length : found;
    const text = decoded(bytes.subarray(start, end));
    start = end + 1;
    if (text === undefined) yield { line, problem: "encoding" };
    else if (text.trim() !== "") yield parsed(line, text);
  }
}

function parsed(line: number, text: string): JsonLine {
  try {
    const object = JsonObject.safeParse(JSON.parse(text));
    if (object.success) return { line, value: object.data };
  } catch {
    // told below
  }
  return { line, problem: "not_json" };
}

const LabelledText = z.object({
  text: z.string(),
  labels: z.record(z.string(), z.union([z.literal(0), z.literal(1), z.boolean(), z.null()])),
});

/** `{"text": "…", "labels": {"violence": 1, "sexual": 0}}`: a class that is absent or null is not labelled. */
export function readLabelledTexts(bytes: Uint8Array, into: RowCollector): void {
  for (const { line, value, problem } of jsonLines(bytes)) {
    const row = LabelledText.safeParse(value);
    if (problem) into.refuse(line, problem);
    else if (!row.success) into.refuse(line, "shape", 'expected {"text": "…", "labels": {"<class>": 0 or 1}}');
    else {
      const labels = Object.entries(row.data.labels).filter(([, label]) => label !== null);
      const named = (wanted: boolean) => labels.filter(([, label]) => Boolean(label) === wanted).map(([name]) => name);
      if (labels.length === 0) into.refuse(line, "no_label");
      else into.add({ line, text: row.data.text, has: named(true), hasNot: named(false) });
    }
  }
}
