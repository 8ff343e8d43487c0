import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import {
  type KeptFile,
  KeptFileSchema,
  type ManifestHeader,
  ManifestHeaderSchema,
  type ManifestSignature,
  ManifestSignatureSchema,
  type RejectedFile,
  RejectedFileSchema,
} from "../../contract/manifest.ts";
import { linesOf } from "../../pipeline/streaming.ts";
import { isSignedBy } from "./keys.ts";

const MOST_LINE_BYTES = 4 * 1024 * 1024;

/** A manifest whose signature is that of its content. Who signed it, and whether to trust them, is another question. */
export interface OpenManifest {
  readonly header: ManifestHeader;
  readonly signature: ManifestSignature;
  /** In order. At its end it is known that nothing was added or left out. @throws SafelightError `invalid_request` */
  kept(): AsyncGenerator<KeptFile>;
  rejected(): AsyncGenerator<RejectedFile>;
}

/**
 * Reads a manifest as {@link writeManifest} writes it: a JSON file with one entry of its lists to a line.
 * @throws SafelightError `invalid_request` when it is none, or not the one that was signed
 */
export async function openManifest(path: string): Promise<OpenManifest> {
  const lines = linesIn(path);
  const first = (await lines.next()).value ?? "";
  const second = (await lines.next()).value ?? "";
  await lines.return(undefined);
  const header = parsed(ManifestHeaderSchema, between(first, '{"header":', ","), path);
  const signature = parsed(ManifestSignatureSchema, between(second, '"signature":', ","), path);
  if (!isSignedBy(signature, Buffer.from(between(first, '{"header":', ",")))) {
    throw new SafelightError("invalid_request", `${path}: the signature is not that of its content: it was changed`);
  }
  return {
    header,
    signature,
    kept: () => entries(path, "kept", KeptFileSchema, header.kept),
    rejected: () => entries(path, "rejected", RejectedFileSchema, header.rejected),
  };
}

async function* entries<Entry>(
  path: string,
  list: "kept" | "rejected",
  schema: z.ZodType<Entry>,
  expected: ManifestHeader["kept"],
): AsyncGenerator<Entry> {
  const hash = createHash("sha256");
  let count = 0;
  for await (const { list: of, json } of entryLines(path)) {
    if (of !== list) continue;
    hash.update(`${json}\n`);
    count += 1;
    yield parsed(schema, json, path);
  }
  if (count === expected.count && `sha256:${hash.digest("hex")}` === expected.sha256) return;
  throw new SafelightError("invalid_request", `${path}: its list of files is not the one that was signed`);
}

/** What stands between the lists, from the signature on: nothing else may, for another reader could take it for a list. */
const FRAME = ['"kept":[', "],", '"rejected":[', "]}"];

async function* entryLines(
  path: string,
): AsyncGenerator<{ readonly list: "kept" | "rejected"; readonly json: string }> {
  let number = 0;
  let passed = 0;
  for await (const line of linesIn(path)) {
    number += 1;
    if (number <= 2) continue; // the header and its signature
    if (line === FRAME[passed]) passed += 1;
    else if (passed === 1 || passed === 3) {
      yield { list: passed === 1 ? "kept" : "rejected", json: line.endsWith(",") ? line.slice(0, -1) : line };
    } else throw new SafelightError("invalid_request", `${path}: there is more in it than was signed`);
  }
  if (passed < FRAME.length) throw new SafelightError("invalid_request", `${path} is cut short`);
}

async function* linesIn(path: string): AsyncGenerator<string, undefined> {
  const input = createReadStream(path);
  try {
    for await (const { bytes } of linesOf(input, MOST_LINE_BYTES)) {
      if (!bytes) throw new SafelightError("invalid_request", `${path}: a line is longer than any of a manifest`);
      yield Buffer.from(bytes).toString("utf8");
    }
  } catch (cause) {
    if (cause instanceof SafelightError) throw cause;
    throw new SafelightError("invalid_request", `${path} cannot be read`, { cause });
  } finally {
    input.destroy();
  }
  return undefined;
}

function between(line: string, start: string, end: string): string {
  return line.startsWith(start) && line.endsWith(end) ? line.slice(start.length, -end.length) : "";
}

function parsed<Value>(schema: z.ZodType<Value>, json: string, path: string): Value {
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    throw new SafelightError("invalid_request", `${path} is no manifest of Safelight, or was reformatted`, { cause });
  }
}
