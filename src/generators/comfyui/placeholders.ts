import { z } from "zod";
import { nearest } from "../../policy/nearest.ts";

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;
const ONLY_PLACEHOLDER = /^\{\{\s*([^{}]*?)\s*\}\}$/;

/** The API format: what the editor's "Export (API)" writes, and what `POST /prompt` takes. */
const NodeSchema = z.looseObject({ class_type: z.string().min(1), inputs: z.record(z.string(), z.unknown()) });
export const WorkflowSchema = z.record(z.string(), NodeSchema);
export type Workflow = z.output<typeof WorkflowSchema>;

/** What stands for each placeholder. */
export interface Values {
  readonly prompt: string;
  readonly negative_prompt: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly steps: number;
  readonly guidance_scale: number;
}

const NAMES = [
  "prompt",
  "negative_prompt",
  "width",
  "height",
  "seed",
  "steps",
  "guidance_scale",
] as const satisfies readonly (keyof Values)[];

/** A copy in which the values stand for the placeholders. A value that holds a placeholder itself stays as it is. */
export function filled(workflow: Workflow, values: Values): Workflow {
  const fill = (value: unknown): unknown => {
    if (typeof value === "string") return filledText(value, values);
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value === "object" && value !== null) return mapValues({ ...value }, fill);
    return value;
  };
  return mapValues(workflow, (node) => ({ ...node, inputs: mapValues(node.inputs, fill) }));
}

/** A number stays a number where its placeholder is all there is. */
function filledText(text: string, values: Values): unknown {
  const only = ONLY_PLACEHOLDER.exec(text)?.[1];
  if (only !== undefined && isName(only)) return values[only];
  return text.replaceAll(PLACEHOLDER, (whole, name: string) => (isName(name) ? String(values[name]) : whole));
}

/** What is wrong with a workflow's placeholders, and where; undefined when nothing is. */
export function placeholderMistake(workflow: Workflow): string | undefined {
  const found = placeholdersOf(workflow);
  const wrong = found.find((one) => !isName(one.placeholder));
  if (wrong) {
    const near = nearest(wrong.placeholder, NAMES);
    const known = near ? `did you mean ${shown(near)}?` : `there are ${NAMES.map(shown).join(", ")}`;
    return `${wrong.place}: there is no placeholder ${shown(wrong.placeholder)}; ${known}`;
  }
  if (found.some(({ placeholder }) => placeholder === "prompt")) return undefined;
  return `has no ${shown("prompt")} in the inputs of any node: every picture would ignore the prompt`;
}

/** Each with its place, for instance `node 6 (CLIPTextEncode), input "text"`. */
function placeholdersOf(workflow: Workflow): { placeholder: string; place: string }[] {
  return Object.entries(workflow).flatMap(([id, { class_type, inputs }]) =>
    textsOf(inputs).flatMap(({ path, text }) =>
      [...text.matchAll(PLACEHOLDER)].map(([, placeholder = ""]) => ({
        placeholder,
        place: `node ${id} (${class_type}), input "${path.join(".")}"`,
      })),
    ),
  );
}

function textsOf(value: unknown, path: readonly string[] = []): { path: readonly string[]; text: string }[] {
  if (typeof value === "string") return [{ path, text: value }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => textsOf(member, [...path, key]));
}

function isName(text: string): text is keyof Values {
  return (NAMES as readonly string[]).includes(text); // widened, so that any text may be looked up
}

function shown(placeholder: string): string {
  return `{{${placeholder}}}`;
}

function mapValues<T, U>(record: { readonly [key: string]: T }, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
