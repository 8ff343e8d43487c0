import { assertAtMost } from "../../body.ts";
import type { App, Door } from "../../types.ts";
import { classifyDocument } from "./comprehend/classify.ts";
import { detectToxicContent } from "./comprehend/toxicity.ts";
import { AwsFault } from "./faults.ts";
import type { Operation } from "./operation.ts";
import { detectModerationLabels } from "./rekognition/moderation.ts";

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ["RekognitionService.DetectModerationLabels", detectModerationLabels],
  ["Comprehend_20171127.ClassifyDocument", classifyDocument],
  ["Comprehend_20171127.DetectToxicContent", detectToxicContent],
]);

/** AWS's JSON 1.1 protocol: one address, and a header that names the operation. */
export function jsonRoutes(app: App, door: Door): void {
  for (const path of ["/aws", "/aws/"]) {
    app.post(path, async (c) => {
      const operation = OPERATIONS.get(c.req.header("X-Amz-Target") ?? "");
      if (!operation) {
        const there = [...OPERATIONS.keys()].join(", ");
        throw new AwsFault("not_found", "UnknownOperationException", `X-Amz-Target must be one of ${there}`);
      }
      const body = await c.req.arrayBuffer();
      if (operation !== detectModerationLabels) assertAtMost(body);
      const answer = await operation(parse(body), c, door);
      c.header("x-amzn-RequestId", c.get("requestId"));
      return c.body(JSON.stringify(answer), 200, { "Content-Type": "application/x-amz-json-1.1" });
    });
  }
}

function parse(bytes: ArrayBuffer): object {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // falls through to the same answer
  }
  throw new AwsFault("invalid_request", "SerializationException", "the body must be a JSON object in UTF-8");
}
