import { createHash, randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { PinnedFolder } from "../../../models/installed/pinned.ts";
import { TEMPLATES } from "./concepts.ts";

/** Beside the model: what its text tower made of texts. It can be thrown away. */
export const REMEMBERED = "text-vectors.json";

const RememberedSchema = z.object({
  /** Of the text tower and the templates: with others, every vector is another. */
  of: z.string(),
  /** Of `vectors` as JSON: whether the file is as it was written. */
  sha256: z.string(),
  /** By text: float32, little endian, base64. */
  vectors: z.record(z.string(), z.base64()),
});

/** @returns what is known of texts; nothing when there is no such file, it is of another model, or it is damaged */
export async function recall(folder: PinnedFolder, textSha256: string): Promise<Map<string, Float32Array>> {
  const known = new Map<string, Float32Array>();
  if (!folder.own) return known;
  try {
    const { of, sha256, vectors } = RememberedSchema.parse(
      JSON.parse(await readFile(join(folder.path, REMEMBERED), "utf8")),
    );
    if (of !== keyOf(textSha256) || sha256 !== hash(JSON.stringify(vectors))) return known;
    for (const [text, base64] of Object.entries(vectors)) {
      known.set(text, new Float32Array(new Uint8Array(Buffer.from(base64, "base64")).buffer));
    }
  } catch {
    known.clear();
  }
  return known;
}

/** Writes what is known for the next start. A folder that cannot be written to only makes that one slower. */
export async function remember(
  folder: PinnedFolder,
  textSha256: string,
  known: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  if (!folder.own) return;
  const vectors = Object.fromEntries(
    [...known].map(([text, { buffer, byteOffset, byteLength }]) => [
      text,
      Buffer.from(buffer, byteOffset, byteLength).toString("base64"),
    ]),
  );
  const content = { of: keyOf(textSha256), sha256: hash(JSON.stringify(vectors)), vectors };
  const temporary = join(folder.path, `.${REMEMBERED}.${randomUUID()}`);
  try {
    await writeFile(temporary, JSON.stringify(content));
    await rename(temporary, join(folder.path, REMEMBERED));
  } catch {
    await rm(temporary, { force: true });
  }
}

function keyOf(textSha256: string): string {
  return hash(JSON.stringify([textSha256, TEMPLATES]));
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
