import { Readable } from "node:stream";
import { extract } from "tar-stream";
import { FileProblem, type Files } from "../files/files.ts";

/** A file inside a tar archive, such as a WebDataset shard. */
export interface Member {
  readonly name: string;
  readonly bytes: number;
  /** Where its content starts in the archive. */
  readonly start: number;
}

/**
 * The regular files of an archive, in its order, without holding any of them in memory.
 * @throws FileProblem `archive_damaged` where the archive stops being one, and what reading throws
 */
export async function* membersOf(files: Files, archive: string, signal: AbortSignal): AsyncGenerator<Member> {
  const source = Readable.from(files.stream(archive, signal));
  const entries = extract();
  source.on("error", (error) => entries.destroy(error));
  source.pipe(entries);
  try {
    for await (const entry of entries) {
      const { name, type, size = 0, byteOffset } = entry.header as typeof entry.header & { byteOffset: number };
      entry.resume();
      if (type === "file" || type === "contiguous-file") yield { name, bytes: size, start: byteOffset };
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FileProblem) throw error;
    throw new FileProblem("archive_damaged", "it is no whole tar archive", { cause: error });
  } finally {
    source.destroy();
  }
}
