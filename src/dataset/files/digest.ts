import { createHash } from "node:crypto";
import type { Files } from "./files.ts";

/** What a file holds, as far as it matters whether it is the same. */
export interface FileContent {
  readonly bytes: number;
  readonly sha256: string;
}

/** `sha256:` and 64 hexadecimal digits. */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** The digest of all pieces that went through, known at their end. */
export class Digesting {
  readonly #hash = createHash("sha256");
  bytes = 0;

  async *of(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      this.#hash.update(piece);
      this.bytes += piece.length;
      yield piece;
    }
  }

  get sha256(): string {
    return `sha256:${this.#hash.copy().digest("hex")}`;
  }

  get content(): FileContent {
    return { bytes: this.bytes, sha256: this.sha256 };
  }
}

/** Reads a whole file for it. @throws FileProblem */
export async function fileDigest(files: Files, key: string, signal: AbortSignal): Promise<FileContent> {
  const digest = new Digesting();
  for await (const _ of digest.of(files.stream(key, signal)));
  return digest.content;
}
