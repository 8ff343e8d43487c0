import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type CustomModel, MANIFEST, readModelFolder } from "./files.ts";

const LOOK_EVERY_MS = 1_000;

export interface WatchedModel {
  current(): CustomModel;
  /** Looks, at most once a second and in the background, whether there is a new model. Costs the caller nothing. */
  refresh(): void;
  close(): Promise<void>;
}

/** Opens a model folder and keeps up with it. @throws SafelightError `config_invalid` when it cannot be opened now */
export async function watchModel(folder: string): Promise<WatchedModel> {
  let seen = await stampOf(folder);
  let model = await readModelFolder(folder);
  let looked = performance.now();
  let looking = false;

  async function look(): Promise<void> {
    const stamp = await stampOf(folder);
    if (stamp === undefined || stamp === seen) return;
    const next = await readModelFolder(folder);
    const previous = model;
    seen = stamp;
    model = next;
    await previous.encoder?.close(); // runs that have begun end first
  }

  return {
    current: () => model,
    refresh() {
      const now = performance.now();
      if (looking || now - looked < LOOK_EVERY_MS) return;
      looked = now;
      looking = true;
      look()
        .catch(() => {}) // half copied, or broken: the model in memory goes on, and the next look tries again
        .finally(() => {
          looking = false;
        });
    },
    close: async () => model.encoder?.close(),
  };
}

/** Changes whenever the manifest is written or replaced; `undefined` while there is none. */
async function stampOf(folder: string): Promise<string | undefined> {
  try {
    const { mtimeMs, ino, size } = await stat(join(folder, MANIFEST));
    return `${mtimeMs} ${ino} ${size}`;
  } catch {
    return undefined;
  }
}
