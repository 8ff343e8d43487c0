import { SafelightError } from "../../contract/errors.ts";
import type { ComfyuiClient } from "./client.ts";
import type { Workflow } from "./placeholders.ts";

/**
 * Whether the server has every kind of node that the workflow uses, and every file that it loads by name.
 * @throws SafelightError `provider_rejected` that names the first that it does not have
 */
export async function probeWorkflow(client: ComfyuiClient, workflow: Workflow, signal: AbortSignal): Promise<string> {
  const kinds = [...new Set(Object.values(workflow).map(({ class_type }) => class_type))];
  const known = new Map(await Promise.all(kinds.map(async (kind) => [kind, await client.node(kind, signal)] as const)));
  for (const [id, { class_type, inputs }] of Object.entries(workflow)) {
    const node = known.get(class_type);
    if (!node) throw rejected(`it has no node ${class_type}, which node ${id} of the workflow is`);
    for (const [name, value] of Object.entries(inputs)) {
      const choices = choicesOf(node.input.required?.[name]);
      if (!isFile(value) || choices === undefined || choices.includes(value)) continue;
      const there = choices.length === 0 ? "none" : choices.slice(0, 5).join(", ");
      throw rejected(`it has no ${name} "${value}", which node ${id} of the workflow loads; it has ${there}`);
    }
  }
  return `it answers, and has all that the workflow needs`;
}

/** The choices of an input, where it has a list of them: `[[…], …]`, or in newer servers `["COMBO", {options: […]}]`. */
function choicesOf(input: unknown): readonly string[] | undefined {
  if (!Array.isArray(input)) return undefined;
  const [kind, more] = input as readonly unknown[];
  const options: unknown = typeof more === "object" && more !== null && "options" in more ? more.options : undefined;
  const list = Array.isArray(kind) ? kind : kind === "COMBO" && Array.isArray(options) ? options : undefined;
  return list?.filter((choice): choice is string => typeof choice === "string");
}

/** Choices that are no files, such as samplers, differ between versions in ways that do no harm. */
function isFile(value: unknown): value is string {
  return typeof value === "string" && /\.(?:safetensors|ckpt|pt|pth|bin|gguf|sft)$/i.test(value);
}

function rejected(detail: string): SafelightError {
  return new SafelightError("provider_rejected", detail);
}
