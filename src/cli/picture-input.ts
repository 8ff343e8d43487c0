import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { SafelightError } from "../contract/errors.ts";
import type { Io } from "./io.ts";

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "is a folder",
  EACCES: "may not be read: permission denied",
};

/**
 * The bytes of a picture that the command line names; `-` is stdin.
 * @param mostBytes no more is read
 * @throws SafelightError `image_unreadable`, `image_too_large`
 */
export async function readPicture(file: string, mostBytes: number, io: Io): Promise<Uint8Array> {
  if (file === "-") return atMost(io.stdin, mostBytes);
  const path = resolve(io.cwd, file);
  try {
    if ((await stat(path)).size > mostBytes) throw tooLarge(mostBytes);
    return await readFile(path);
  } catch (error) {
    if (error instanceof SafelightError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new SafelightError("image_unreadable", CAUSES[code] ?? `cannot be read (${code})`, { cause: error });
  }
}

async function atMost(input: AsyncIterable<Uint8Array>, mostBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of input) {
    length += part.length;
    if (length > mostBytes) throw tooLarge(mostBytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function tooLarge(mostBytes: number): SafelightError {
  return new SafelightError("image_too_large", `The picture is larger than ${mostBytes} bytes (limits.image_bytes).`);
}
