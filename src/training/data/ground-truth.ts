import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import { type JsonLine, jsonLines } from "./json-lines.ts";
import type { RowCollector } from "./rows.ts";

const METADATA = "-metadata";

const OneClass = z.object({ "class-name": z.string() });
const ManyClasses = z.object({ "class-map": z.record(z.string(), z.string()) });

/** Whether a line looks like one of an augmented manifest of SageMaker Ground Truth. */
export function isManifestLine({ value }: JsonLine): boolean {
  if (value === undefined || "labels" in value) return false; // a labelled text may say its source, too
  return "source" in value || "source-ref" in value;
}

/** The label attributes of a manifest, the most frequent first. */
function attributesOf(lines: readonly JsonLine[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { value } of lines) {
    for (const key of Object.keys(value ?? {})) {
      const name = key.endsWith(METADATA) ? key.slice(0, -METADATA.length) : undefined;
      if (name !== undefined && value && name in value) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}

export interface ManifestRead {
  readonly attribute: string;
  readonly mode: "multi-class" | "multi-label";
}

/**
 * Reads an augmented manifest: `source`, and a label attribute with its metadata (`class-name`, or `class-map` for several
 * classes a text). An empty list of classes says that a text has none.
 * @param wanted the label attribute; needed when the file has several
 * @throws SafelightError `invalid_request` when it is not clear which attribute holds the labels
 */
export function readManifest(bytes: Uint8Array, wanted: string | undefined, into: RowCollector): ManifestRead {
  const lines = [...jsonLines(bytes)];
  const attributes = attributesOf(lines);
  const attribute = wanted ?? attributes[0];
  if (attribute === undefined || !attributes.includes(attribute) || (wanted === undefined && attributes.length > 1)) {
    const known = attributes.length > 0 ? attributes.join(", ") : "none";
    throw new SafelightError("invalid_request", `--attribute: must name the label attribute; the file has ${known}`);
  }
  let many = 0;
  for (const { line, value, problem } of lines) {
    if (problem) into.refuse(line, problem);
    else if (typeof value?.["source"] !== "string") {
      const elsewhere = value !== undefined && "source-ref" in value;
      into.refuse(line, "shape", elsewhere ? "the text is elsewhere (source-ref); only source is read" : "no source");
    } else {
      const found = classesOf(value, attribute);
      if (found === undefined) into.refuse(line, "no_label", `no classes in ${JSON.stringify(attribute + METADATA)}`);
      else into.add({ line, text: value["source"], has: found.classes, hasNot: "others" });
      if (found?.many) many += 1;
    }
  }
  return { attribute, mode: many > 0 ? "multi-label" : "multi-class" };
}

function classesOf(value: Readonly<Record<string, unknown>>, attribute: string) {
  const metadata = value[attribute + METADATA];
  const one = OneClass.safeParse(metadata);
  if (one.success) return { classes: [one.data["class-name"]], many: false };
  const several = ManyClasses.safeParse(metadata);
  return several.success ? { classes: Object.values(several.data["class-map"]), many: true } : undefined;
}
