import { posix } from "node:path";
import { Readable } from "node:stream";
import { extract, type Header } from "tar-stream";
import type { ScanProblem } from "../../contract/scan.ts";
import { FileProblem } from "../files/files.ts";
import { HEAD_BYTES } from "./content.ts";
import { quoted } from "./kinds.ts";
import { ambiguityIn, GoneBy, padded } from "./tar-headers.ts";

/** A file inside a tar archive, such as a WebDataset shard. */
export interface Member {
  /** Its path in the archive, without `./` before it. */
  readonly name: string;
  readonly bytes: number;
  /** Where its content starts in the archive. */
  readonly start: number;
  /** The first bytes, at most {@link HEAD_BYTES}. */
  readonly head: Uint8Array;
}

/** Something in an archive that cannot be judged. */
export interface UnfitMember {
  readonly name: string;
  readonly problem: ScanProblem;
}

/**
 * The regular files of an archive, in its order, without holding any of them in memory, and what there is beside them that a training
 * could read.
 * @param pieces the archive
 * @throws FileProblem `archive_damaged` where the archive stops being one, and what reading throws
 */
export async function* membersOf(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Member | UnfitMember> {
  const goneBy = new GoneBy();
  const source = Readable.from(goneBy.of(pieces));
  const entries = extract();
  source.on("error", (error) => entries.destroy(error));
  source.pipe(entries);
  try {
    for await (const entry of entries) {
      const { header } = entry as typeof entry & { readonly header: { readonly byteOffset: number } };
      const name = memberName(header);
      const { size, byteOffset } = header;
      if (!Number.isSafeInteger(size) || size < 0)
        // tar-stream waits for its end, which does not come
        throw new FileProblem("archive_damaged", `${quoted(name)}: its size is no whole number`);
      const content = header.type === "directory" ? 0 : padded(size); // tar-stream gives a directory none
      const problem = problemOf(header, goneBy.take(byteOffset, byteOffset + content));
      if (problem) yield { name, problem };
      if (problem || !isFile(header)) {
        entry.resume();
        continue;
      }
      yield { name, bytes: size, start: byteOffset, head: await headOf(entry as AsyncIterable<Uint8Array>) };
    }
    if (goneBy.rest().some((byte) => byte !== 0))
      throw new FileProblem("archive_damaged", "it ends with headers of no member");
  } catch (error) {
    signal.throwIfAborted();
    throw damaged(error);
  } finally {
    source.destroy();
  }
}

export function memberName({ name }: Pick<Header, "name">): string {
  return name.replace(/^(?:\.\/)+/, "");
}

/** Whether a member is of a kind that can be read, and written again. GNU's sparse files are none. */
export function isReadable({ type, pax }: Pick<Header, "type" | "pax">): boolean {
  return (type as string | null) !== null && !Object.keys(pax ?? {}).some((name) => name.startsWith("GNU.sparse."));
}

/** What reading an archive throws, as what is wrong with it. */
export function damaged(error: unknown): FileProblem {
  if (error instanceof FileProblem) return error;
  return new FileProblem("archive_damaged", "it is no whole tar archive", { cause: error });
}

function isFile({ type }: Header): boolean {
  return type === "file" || type === "contiguous-file";
}

function problemOf(header: Header, raw: Uint8Array): ScanProblem | undefined {
  if (!isReadable(header)) {
    const detail = "a member of a kind that is not read, such as a sparse file; pack the archive anew without it";
    return { code: "not_looked_into", detail };
  }
  const isPlain = isFile(header) && !header.name.endsWith("/");
  const ambiguity = isPlain || header.size === 0 ? ambiguityIn(raw) : "it is no file, and has a content";
  if (ambiguity !== undefined)
    return { code: "archive_damaged", detail: `its headers can be read in two ways: ${ambiguity}` };
  const name = memberName(header);
  if (leadsOut(name)) return { code: "leaves_source", detail: "a member's name leads out of the archive" };
  const { type, linkname } = header;
  const target = type === "symlink" ? posix.join(posix.dirname(name), linkname) : linkname;
  const isLink = type === "symlink" || type === "link";
  if (isLink && (linkname.startsWith("/") || leadsOut(target)))
    return { code: "leaves_source", detail: "it is a link that leads out of the archive" };
  return undefined;
}

function leadsOut(path: string): boolean {
  return path.startsWith("/") || path.split("/").includes("..");
}

async function headOf(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  let head = Buffer.alloc(0);
  for await (const piece of content) if (head.length < HEAD_BYTES) head = Buffer.concat([head, piece]);
  return head.subarray(0, HEAD_BYTES);
}
