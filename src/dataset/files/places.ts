import { realpath } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";

/**
 * Whether a place, which need not exist, is a data set or lies in it: what is written there would be a part of it. Links are followed.
 * @param place a folder, absolute, or `s3://bucket/prefix`
 */
export async function liesIn(place: string, source: string): Promise<boolean> {
  const [inner, outer] = [isPrefix(place), isPrefix(source)];
  if (inner || outer) return inner && outer && isWithin(withoutEnd(place), withoutEnd(source), "/");
  return isWithin(await realPlace(place), await realPlace(source), sep);
}

/** The same by the names alone. */
export function isWithin(place: string, root: string, separator: string): boolean {
  const folder = root.endsWith(separator) ? root : `${root}${separator}`;
  return place === folder.slice(0, -1) || place.startsWith(folder);
}

function isPrefix(place: string): boolean {
  return place.startsWith("s3://");
}

function withoutEnd(prefix: string): string {
  return prefix.replace(/\/+$/, "");
}

/** Where a folder is, which need not exist. */
export async function realPlace(folder: string): Promise<string> {
  const parent = dirname(folder);
  return realpath(folder).catch(async () =>
    parent === folder ? folder : join(await realPlace(parent), basename(folder)),
  );
}
