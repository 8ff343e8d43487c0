import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { SafelightError } from "../../contract/errors.ts";
import { jsonOf } from "../json.ts";
import { builtIn } from "./built-in.ts";
import type { ComfyuiOptions } from "./options.ts";
import { placeholderMistake, type Workflow, WorkflowSchema } from "./placeholders.ts";

const MOST_BYTES = 4 * 1024 * 1024;

/**
 * The built-in workflow, or the one in the file that the options name.
 * @throws SafelightError `config_invalid` that names the file and the place in it
 */
export async function openWorkflow(options: ComfyuiOptions, folder: string): Promise<Workflow> {
  const { workflow: path, output_node } = options;
  const name = path === undefined ? "the built-in workflow" : `the workflow ${path}`;
  const workflow = path === undefined ? builtIn(options) : await readWorkflow(resolve(folder, path), name);
  const mistake = placeholderMistake(workflow);
  if (mistake !== undefined) throw invalid(name, mistake);
  if (output_node !== undefined && !Object.hasOwn(workflow, output_node))
    throw invalid(name, `has no node ${JSON.stringify(output_node)}, which output_node names`);
  return workflow;
}

async function readWorkflow(file: string, name: string): Promise<Workflow> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === "ENOENT" ? "there is no such file" : `cannot be read (${cause.code})`;
    throw invalid(name, why, cause);
  });
  if (bytes.length > MOST_BYTES) throw invalid(name, `is larger than ${MOST_BYTES} bytes`);
  const value = jsonOf(bytes);
  if (value === undefined) throw invalid(name, "is not JSON in UTF-8");
  if (typeof value === "object" && value !== null && "nodes" in value && Array.isArray(value.nodes))
    throw invalid(name, 'is in the format of the editor: save it anew with "Export (API)"');
  const read = WorkflowSchema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const place = issue?.path.length ? `, at ${issue.path.join(".")}` : "";
  throw invalid(name, `is not in ComfyUI's API format, a map of node ids to {class_type, inputs}${place}`);
}

function invalid(name: string, detail: string, cause?: unknown): SafelightError {
  return new SafelightError("config_invalid", `${name}: ${detail}`, { cause });
}
