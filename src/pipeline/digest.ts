import { hash } from "node:crypto";

/** `sha256:<hex>` of bytes, or of a text's UTF-8. */
export function sha256(data: Uint8Array | string): string {
  return `sha256:${hash("sha256", data)}`;
}
