import { availableParallelism } from "node:os";
import { findModel, type ModelEntry, readModel } from "./manifest.ts";
import type { Feeds, Port, Tensor, Tensors } from "./session-messages.ts";
import { SessionPool, type Shares } from "./session-pool.ts";
import { openThread } from "./session-thread.ts";

export type { Feeds, Tensor, Tensors };

export interface PoolOptions {
  /**
   * Threads that work on one run together, in each session. More of them shorten one run, more sessions serve more runs at
   * once. When absent, the first session has a thread for each core, at most 4, for the run that is alone; the others have
   * their share of the cores.
   */
  readonly threads?: number;
  /**
   * At most so many runs at once, each with its own session; when absent as many as the cores can feed, at most 4. The second
   * is opened when a run has to wait for the first.
   */
  readonly sessions?: number;
}

export interface SessionOptions extends PoolOptions {
  /** Where `manifest.json` lies; a URL that ends with a slash. The models that ship with the product when absent. */
  readonly folder?: URL;
}

/** An ONNX file that is open: shared by all who asked for it. */
export interface Session {
  readonly inputs: readonly Port[];
  /** Runs that can go on at once. */
  readonly sessions: number;
  /**
   * Runs in another thread. The data of `feeds` is copied; do not change it before this resolves.
   * @param signal drops the run while it waits; once it has begun, it ends by itself.
   * @throws SafelightError `detector_failed` when ONNX Runtime refuses the input, or its thread dies
   */
  run(feeds: Feeds, signal?: AbortSignal): Promise<Tensors>;
  /** The last of those who opened the model releases it. Runs that have begun end first; those that wait fail. */
  close(): Promise<void>;
}

/** One of the models that ship. */
export interface Model extends Session {
  readonly entry: ModelEntry;
}

/** An ONNX file that no manifest of ours names: whoever reads it has checked that it is the one that is meant. */
export interface OnnxFile {
  /** As messages name it. */
  readonly id: string;
  /** Hexadecimal, of the bytes. */
  readonly sha256: string;
  read(): Promise<Uint8Array<ArrayBuffer>>;
  /** The first run; zeros when absent, with 1 for each length that may vary. */
  readonly warm?: Feeds;
}

/** Of sessions, each of which holds the model once, and of threads for one run: more of them help little. */
const MOST = 4;

interface Opened {
  readonly pool: SessionPool;
  readonly entry?: ModelEntry;
}

const open = new Map<string, { users: number; opened: Promise<Opened> }>();

/**
 * Opens a model that `models/manifest.json` names, once however many ask for it with the same options. It is warm
 * when this resolves. A failed opening is forgotten: the next one tries again.
 * @throws SafelightError `config_invalid` when the file is missing, has another hash than the manifest, or is no model
 */
export async function openModel(id: string, options: SessionOptions = {}): Promise<Model> {
  const { folder } = options;
  const { session, opened } = await openShared([id, folder?.href], options, async (shares) => {
    const entry = await findModel(id, folder);
    const start = (threads: number) => openThread(entry.id, readModel(entry, folder), threads);
    return { entry, pool: await SessionPool.open(id, start, shares) };
  });
  if (!opened.entry) throw new TypeError(`model ${id} was opened without its manifest`);
  return { ...session, entry: opened.entry };
}

/**
 * Opens an ONNX file, once however many ask for the same bytes with the same options; warm when this resolves.
 * @throws SafelightError `config_invalid` when it is no model; what `read` throws
 */
export async function openOnnx(file: OnnxFile, options: PoolOptions = {}): Promise<Session> {
  const { session } = await openShared([file.sha256], options, async (shares) => {
    const start = (threads: number) => openThread(file.id, file.read(), threads, file.warm);
    return { pool: await SessionPool.open(file.id, start, shares) };
  });
  return session;
}

async function openShared(
  what: readonly unknown[],
  options: PoolOptions,
  openPool: (shares: Shares) => Promise<Opened>,
): Promise<{ readonly session: Session; readonly opened: Opened }> {
  const shares = sharesOf(options, availableParallelism());
  const key = JSON.stringify([...what, shares]);
  let shared = open.get(key);
  if (!shared) {
    shared = { users: 0, opened: openPool(shares) };
    open.set(key, shared);
  }
  const mine = shared;
  mine.users += 1;
  let opened: Opened;
  try {
    opened = await mine.opened;
  } catch (error) {
    if (open.get(key) === mine) open.delete(key);
    throw error;
  }
  const { pool } = opened;
  let left = false;
  const session: Session = {
    inputs: pool.inputs,
    sessions: shares.sessions,
    run: (feeds, signal) => pool.run(feeds, signal),
    async close() {
      if (left) return;
      left = true;
      mine.users -= 1;
      if (mine.users > 0) return;
      if (open.get(key) === mine) open.delete(key);
      await pool.close();
    },
  };
  return { session, opened };
}

/** What stands in for absent options on a machine with so many cores. */
export function sharesOf({ threads, sessions }: PoolOptions, cores: number): Shares {
  const most = sessions ?? clamp(Math.floor(cores / (threads ?? 1)), 1, MOST);
  if (threads !== undefined) return { alone: threads, each: threads, sessions: most };
  return { alone: clamp(cores, 1, MOST), each: clamp(Math.floor(cores / most), 1, MOST), sessions: most };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
