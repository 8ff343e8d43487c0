import { randomUUID } from "node:crypto";
import { copyFile, mkdir, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { SafelightError } from "../../contract/errors.ts";
import { filesOf, findClip, SETTINGS, towersOf } from "../clip/layout.ts";
import { filesInArchive, unpack } from "./archive.ts";
import { download, httpUrl, shownUrl } from "./download.ts";
import { tooLarge } from "./limit.ts";
import { digestOf, type Pin, type PinnedFolder, pinOf } from "./pinned.ts";
import { folderOf, type Installed, InstalledSchema, installedIn, ModelIdSchema, RECORD } from "./record.ts";

export interface AddRequest {
  /** A folder or an archive, or an http(s) URL of an archive or, with a slash at its end, of a folder. */
  readonly source: string;
  /** What relative paths start at. */
  readonly cwd: string;
  /** Hexadecimal: of the archive, or of the folder's listing (see `digestOf`). */
  readonly sha256: string | undefined;
  /** Made from the name of the source when absent. */
  readonly id?: string | undefined;
  /** Which files are taken where there are several: `quantized`, `fp32`, … */
  readonly variant?: string | undefined;
  readonly licence?: string | undefined;
  /** Whether a model of the same id may be there. It is gone afterwards. */
  readonly replace?: boolean | undefined;
  /** The data folder. */
  readonly data: string;
  /** Of all its files together, and of what an archive unpacks to. */
  readonly mostBytes?: number;
  readonly signal: AbortSignal;
  /** What is being done. */
  readonly onStep?: (step: string) => void;
  /** Proves that the model can be used, before it takes its place. @throws when it cannot */
  readonly attempt: (folder: PinnedFolder) => Promise<void>;
}

/** Larger CLIP models than any that is made for a CPU. */
const MOST_BYTES = 2 * 2 ** 30;
/** What an earlier call left behind when the machine went down, after so long. */
const LEFT_BEHIND_MS = 24 * 3_600_000;

/**
 * Installs a CLIP model whole or not at all. Nothing of it is parsed or opened before its hash is the one that was
 * given.
 * @throws SafelightError `invalid_request`, `config_invalid`, `provider_failed`, `storage_failed`; the signal's reason
 */
export async function addModel(request: AddRequest): Promise<Installed> {
  const { data, signal, onStep = () => {}, mostBytes = MOST_BYTES } = request;
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(request.source) ? httpUrl(request.source) : undefined;
  const local = resolve(request.cwd, request.source);
  const id = idFor(request.id, url ? url.pathname : local);
  const asked = hashOf(request.sha256);
  if (url && asked === undefined) throw lacksHash("what comes from the network must be known beforehand");
  const models = installedIn(data);
  const target = join(models, id);
  if (!request.replace && (await exists(target))) {
    throw new SafelightError(
      "invalid_request",
      `model ${id} is installed already: --replace puts this one in its place`,
    );
  }
  await mkdir(models, { recursive: true, mode: 0o700 });
  await sweep(models);
  const staging = join(models, `.new-${randomUUID()}`);
  await mkdir(staging, { mode: 0o700 });
  try {
    const bring = { ...request, staging, asked, mostBytes, onStep };
    const brought = url ? await fromUrl(url, bring) : await fromDisk(local, bring);
    signal.throwIfAborted();
    const record = InstalledSchema.parse({
      schema: "safelight.model/1",
      id,
      kind: "clip",
      source: url ? shownUrl(url) : basename(local),
      sha256: brought.sha256,
      added_at: new Date().toISOString(),
      licence: request.licence ?? null,
      files: brought.files,
    });
    onStep("trying the model");
    await request.attempt(folderOf(staging, record));
    signal.throwIfAborted();
    await writeFile(join(staging, RECORD), `${JSON.stringify(record, null, 2)}\n`, { flush: true });
    await takePlace(staging, target);
    return record;
  } catch (error) {
    throw diskFailure(error);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

interface Bring extends AddRequest {
  readonly staging: string;
  readonly asked: string | undefined;
  readonly mostBytes: number;
  readonly onStep: (step: string) => void;
}

interface Brought {
  readonly sha256: string;
  readonly files: Readonly<Record<string, Pin>>;
}

async function fromUrl(url: URL, bring: Bring): Promise<Brought> {
  const { staging, variant = "quantized", mostBytes, signal, onStep } = bring;
  if (!url.pathname.endsWith("/")) {
    const archive = join(staging, ".archive");
    onStep(`fetching ${shownUrl(url)}`);
    await download(url, archive, mostBytes, signal);
    return fromArchive(archive, bring);
  }
  let left = mostBytes;
  const names = filesOf(towersOf(variant));
  for (const name of names) {
    const from = new URL(name, url);
    from.search = url.search;
    onStep(`fetching ${shownUrl(from)}`);
    await download(from, join(staging, name), left, signal);
    left -= (await stat(join(staging, name))).size;
  }
  return checkedFolder(names, bring);
}

async function fromDisk(path: string, bring: Bring): Promise<Brought> {
  const there = await stat(path).catch(() => undefined);
  if (!there) throw new SafelightError("invalid_request", `${bring.source}: there is no such file or folder`);
  if (there.isFile()) return fromArchive(path, bring);
  const inside = await readdir(path, { recursive: true });
  const names = filesOf(
    findClip(
      inside.map((name) => name.split(sep).join("/")),
      bring.variant,
    ),
  );
  let left = bring.mostBytes;
  for (const name of names) {
    bring.signal.throwIfAborted();
    bring.onStep(`copying ${name}`);
    left -= (await stat(join(path, name))).size;
    if (left < 0) throw tooLarge(bring.mostBytes);
    await mkdir(dirname(join(bring.staging, name)), { recursive: true });
    await copyFile(join(path, name), join(bring.staging, name));
    await flush(join(bring.staging, name));
  }
  return checkedFolder(names, bring);
}

/** The copy is what is hashed: what happens to the source meanwhile does not matter. */
async function checkedFolder(names: readonly string[], { staging, asked }: Bring): Promise<Brought> {
  const files = await pins(names, staging);
  const sha256 = digestOf(files);
  if (asked === undefined) throw lacksHash(`the files in the folder have --sha256 ${sha256}`);
  if (asked !== sha256) throw otherHash(sha256, asked);
  return { sha256, files };
}

async function fromArchive(archive: string, bring: Bring): Promise<Brought> {
  const { staging, asked, variant, mostBytes, onStep } = bring;
  const { sha256 } = await pinOf(archive);
  if (asked === undefined) throw lacksHash(`the file has --sha256 ${sha256}`);
  if (asked !== sha256) throw otherHash(sha256, asked);
  onStep("unpacking");
  const inside = await filesInArchive(archive, mostBytes);
  const root = rootOf(inside);
  const names = filesOf(
    findClip(
      inside.flatMap((name) => (name.startsWith(root) ? [name.slice(root.length)] : [])),
      variant,
    ),
  );
  await unpack(archive, new Map(names.map((name) => [`${root}${name}`, name])), staging, mostBytes);
  if (archive.startsWith(staging + sep)) await rm(archive);
  return { sha256, files: await pins(names, staging) };
}

/** Archives often hold one folder with everything in it. */
function rootOf(names: readonly string[]): string {
  const [first] = SETTINGS;
  const found = names.filter((name) => name === first || name.endsWith(`/${first}`));
  const shortest = found.sort((a, b) => a.length - b.length)[0];
  return shortest?.slice(0, -first.length) ?? "";
}

async function pins(names: readonly string[], folder: string): Promise<Readonly<Record<string, Pin>>> {
  const all: Record<string, Pin> = {};
  for (const name of [...names].sort()) all[name] = await pinOf(join(folder, name));
  return all;
}

function idFor(given: string | undefined, path: string): string {
  const made = basename(path)
    .toLowerCase()
    .replace(/\.(?:tar|tgz|tar\.gz)$/, "")
    .replaceAll(/[^a-z0-9._-]+/g, "-");
  const parsed = ModelIdSchema.safeParse(given ?? made);
  if (parsed.success) return parsed.data;
  throw new SafelightError("invalid_request", `--id: ${parsed.error.issues[0]?.message} (found "${given ?? made}")`);
}

function hashOf(given: string | undefined): string | undefined {
  if (given === undefined || /^[0-9a-f]{64}$/i.test(given)) return given?.toLowerCase();
  throw new SafelightError("invalid_request", `--sha256: must be 64 hexadecimal digits (found "${given}")`);
}

function lacksHash(why: string): SafelightError {
  return new SafelightError("invalid_request", `needs --sha256: ${why}`);
}

function otherHash(sha256: string, asked: string): SafelightError {
  return new SafelightError(
    "config_invalid",
    `this is not the model that was asked for: sha256 ${sha256}, not ${asked}`,
  );
}

async function takePlace(staging: string, target: string): Promise<void> {
  const previous = `${staging}.previous`;
  const moved = await rename(target, previous).then(
    () => true,
    () => false,
  );
  try {
    await rename(staging, target);
  } catch (error) {
    if (moved) await rename(previous, target);
    throw error;
  }
  await rm(previous, { recursive: true, force: true });
}

async function sweep(models: string): Promise<void> {
  for (const name of await readdir(models)) {
    if (!name.startsWith(".new-")) continue;
    const made = await stat(join(models, name)).catch(() => undefined);
    if (made && Date.now() - made.mtimeMs > LEFT_BEHIND_MS)
      await rm(join(models, name), { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function flush(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function diskFailure(error: unknown): unknown {
  if (error instanceof SafelightError || !(error instanceof Error) || !("code" in error)) return error;
  const code = error.code === "ENOSPC" ? "storage_full" : "storage_failed";
  return new SafelightError(code, `the model cannot be written to the data folder (${String(error.code)})`, {
    cause: error,
  });
}
