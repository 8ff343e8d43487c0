import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ERRORS } from "../../src/contract/errors.ts";

test("every error code is explained in docs/errors.md, and nothing else is", () => {
  const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
  const documented = [...page.matchAll(/^\| `([a-z_]+)` \| (\d+) \| (yes|no) \|/gm)].map(([, code, status, retry]) => ({
    code,
    status: Number(status),
    retryable: retry === "yes",
  }));
  const known = Object.entries(ERRORS).map(([code, { status, retryable }]) => ({ code, status, retryable }));
  expect(documented.sort(byCode)).toEqual(known.sort(byCode));
});

function byCode(a: { code: string | undefined }, b: { code: string | undefined }): number {
  return String(a.code).localeCompare(String(b.code));
}
