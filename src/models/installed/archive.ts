import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { SafelightError } from "../../contract/errors.ts";
import { sizeGuard } from "./limit.ts";

/**
 * @returns the names of the regular files in a tar archive, also a gzipped one. @throws SafelightError `config_invalid`
 */
export async function filesInArchive(path: string, mostBytes: number): Promise<readonly string[]> {
  const names: string[] = [];
  await each(path, mostBytes, async (name, content) => {
    names.push(name);
    content.resume();
  });
  return names;
}

/**
 * Takes files out of an archive.
 * @param wanted by name in the archive, the path in `folder` that it goes to
 */
export async function unpack(
  path: string,
  wanted: ReadonlyMap<string, string>,
  folder: string,
  mostBytes: number,
): Promise<void> {
  await each(path, mostBytes, async (name, content) => {
    const to = wanted.get(name);
    if (to === undefined) {
      content.resume();
      return;
    }
    await mkdir(dirname(join(folder, to)), { recursive: true });
    await pipeline(content, createWriteStream(join(folder, to), { flush: true }));
  });
}

type Content = AsyncIterable<unknown> & { resume(): unknown };

async function each(
  path: string,
  mostBytes: number,
  take: (name: string, content: Content) => Promise<void>,
): Promise<void> {
  const tar = extract();
  const packed = createReadStream(path);
  const zipped = await isGzip(path);
  const reading = zipped
    ? pipeline(packed, createGunzip(), sizeGuard(mostBytes), tar)
    : pipeline(packed, sizeGuard(mostBytes), tar);
  reading.catch(() => {}); // told below, where the entries end
  let files = 0;
  try {
    for await (const entry of tar) {
      if (entry.header.type === "file") {
        files++;
        await take(entry.header.name.replace(/^(?:\.\/)+/, ""), entry);
      } else entry.resume();
    }
    await reading;
  } catch (cause) {
    if (cause instanceof SafelightError) throw cause;
    throw noArchive(cause);
  }
  if (files === 0) throw noArchive();
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

function noArchive(cause?: unknown): SafelightError {
  return new SafelightError("config_invalid", "what was given is no folder and no tar archive (.tar, .tar.gz)", {
    cause,
  });
}
