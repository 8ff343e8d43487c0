import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import type { Answer } from "../../outbound/client.ts";
import { refused } from "../../outbound/fault.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { jsonOf } from "../json.ts";

/** A name that may be told. A sentence of the server's is none: it may quote the prompt. */
const NAME = /^[\w.:|+-]{1,80}$/;
const NameSchema = z.string().regex(NAME).nullish().catch(null);

const NodeErrorSchema = z.object({
  class_type: NameSchema,
  errors: z
    .array(z.object({ type: NameSchema, extra_info: z.object({ input_name: NameSchema }).nullish().catch(null) }))
    .catch([]),
});
const RefusalSchema = z.object({ node_errors: z.record(z.string().regex(NAME), NodeErrorSchema) });

/** The answer 400 to a workflow: tells the first node that is wrong, and its input. */
export function refusedWorkflow({ status, headers, bytes }: Answer): SafelightError {
  const body = jsonOf(bytes);
  const plain = refused(GENERATOR, { status, headers, body });
  const [id, node] = Object.entries(RefusalSchema.safeParse(body).data?.node_errors ?? {})[0] ?? [];
  if (id === undefined || !node) return plain;
  const [error] = node.errors;
  const input = error?.extra_info?.input_name ? `, input "${error.extra_info.input_name}"` : "";
  const where = `${nodeText(id, node.class_type)}${input}${error?.type ? `: ${error.type}` : ""}`;
  return new SafelightError(plain.code, `${plain.detail}, at ${where}`, plain.vendor ? { vendor: plain.vendor } : {});
}

/** `status` of an entry of the history: each message is `[type, data]`. */
export const StatusSchema = z.object({
  status_str: z.string().nullish(),
  messages: z.array(z.unknown()).nullish(),
});

const MessageSchema = z.tuple([
  z.string(),
  z.object({ node_id: NameSchema, node_type: NameSchema, exception_type: NameSchema }),
]);

/** Why a job failed. */
export function failedJob(id: string, { messages }: z.output<typeof StatusSchema>): SafelightError {
  const told = (messages ?? []).flatMap((message) => {
    const read = MessageSchema.safeParse(message);
    return read.success ? [read.data] : [];
  });
  const failed = (detail: string, code: string | null) =>
    new SafelightError("provider_failed", detail, {
      vendor: { status: null, code, request_id: id, retry_after_ms: null },
    });
  const error = told.find(([type]) => type === "execution_error")?.[1];
  if (error) {
    const node = error.node_id ? nodeText(error.node_id, error.node_type) : "a node";
    const name = error.exception_type ? ` (${error.exception_type})` : "";
    return failed(`${node} of the workflow failed${name}`, error.exception_type ?? "execution_error");
  }
  if (told.some(([type]) => type === "execution_interrupted"))
    return failed("its job was interrupted", "execution_interrupted");
  return failed("its job failed", null);
}

function nodeText(id: string, type: string | null | undefined): string {
  return `node ${id}${type ? ` (${type})` : ""}`;
}
