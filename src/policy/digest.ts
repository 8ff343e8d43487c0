import { createHash } from "node:crypto";
import type { PolicyFile } from "./schema.ts";

/** `sha256:<hex>` of the policy's content as JSON with sorted keys: comments, layout and key order do not count. */
export function policyDigest(file: PolicyFile): string {
  return `sha256:${createHash("sha256").update(JSON.stringify(file, sortKeys)).digest("hex")}`;
}

function sortKeys(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
