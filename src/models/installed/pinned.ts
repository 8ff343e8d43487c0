import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SafelightError } from "../../contract/errors.ts";

/** What a file must be. `sha256` is hexadecimal. */
export interface Pin {
  readonly bytes: number;
  readonly sha256: string;
}

/** Files of one model in a folder, by their path in it (`onnx/text_model.onnx`), each pinned. */
export interface PinnedFolder {
  /** As messages name the model. */
  readonly id: string;
  /** Absolute. */
  readonly path: string;
  readonly files: Readonly<Record<string, Pin>>;
  /** Whether Safelight may keep files of its own in the folder: it made it. */
  readonly own: boolean;
}

/** @throws the system's own error */
export async function pinOf(path: string): Promise<Pin> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/**
 * SHA-256 of several files together: of the lines that `sha256sum` prints for them, sorted by path. For a folder that
 * is `(cd FOLDER && LC_ALL=C sha256sum FILE… | LC_ALL=C sort -k2 | sha256sum)`.
 */
export function digestOf(files: Readonly<Record<string, Pin>>): string {
  const names = Object.keys(files).sort((a, b) => (a < b ? -1 : 1));
  const hash = createHash("sha256");
  for (const name of names) hash.update(`${files[name]?.sha256}  ${name}\n`);
  return hash.digest("hex");
}

/**
 * These very bytes have the pinned hash. @throws SafelightError `config_invalid` when the file is missing or another
 * one
 */
export async function readPinned({ id, path, files }: PinnedFolder, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const pin = files[name];
  if (!pin) throw new SafelightError("config_invalid", `model ${id} has no ${name}`);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await readFile(join(path, name));
  } catch (cause) {
    throw new SafelightError("config_invalid", `model ${id}: ${name} cannot be read; add the model again`, { cause });
  }
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (bytes.length === pin.bytes && sha256 === pin.sha256) return bytes;
  throw new SafelightError(
    "config_invalid",
    `model ${id}: ${name} is not the file that was pinned (${bytes.length} bytes, sha256 ${sha256.slice(0, 12)}…, ` +
      `expected ${pin.bytes} bytes, sha256 ${pin.sha256.slice(0, 12)}…)`,
  );
}
