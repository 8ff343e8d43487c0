import { Tokenizer } from "@huggingface/tokenizers";
import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import { type PinnedFolder, readPinned } from "../installed/pinned.ts";
import { openOnnx, type PoolOptions, type Session } from "../session.ts";
import { findClip } from "./layout.ts";
import { type ClipSettings, readJson, readSettings } from "./settings.ts";
import { batchOf, vectorsOf } from "./vectors.ts";

/** The image tower of a CLIP model. */
export interface ImageEncoder {
  /** The size in pixels that it is fed. */
  readonly width: number;
  readonly height: number;
  /** SHA-256 of its ONNX file, hexadecimal. */
  readonly sha256: string;
  /**
   * @param pictures each `height × width × 3` bytes R G B; all are one run of the model where it allows that
   * @returns a vector of length 1 for each
   * @throws SafelightError `detector_failed`
   */
  embed(pictures: readonly Uint8Array[], signal?: AbortSignal): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

/** The text tower. */
export interface TextEncoder {
  readonly sha256: string;
  /** @throws SafelightError `config_invalid` when a text is longer than the model reads; `detector_failed` */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}

const PIXELS = "pixel_values";
const IDS = "input_ids";
const MASK = "attention_mask";
/** Pictures, and texts, of one run: more at once takes more memory and is not faster. */
const PICTURES = 16;
const TEXTS = 16;

/**
 * Opens the image tower of a CLIP model in the standard layout (see `layout.ts`).
 * @throws SafelightError `config_invalid` when a file is missing, not the pinned one, or no such model
 */
export async function openImageEncoder(folder: PinnedFolder, options: PoolOptions = {}): Promise<ImageEncoder> {
  const { vision } = findClip(Object.keys(folder.files));
  const settings = await readSettings(folder);
  const { width, height } = settings;
  const size = 3 * width * height;
  const session = await openTower(folder, vision, options, {
    [PIXELS]: { dims: [1, 3, height, width], data: new Float32Array(size) },
  });
  const most = batchOf(session, PIXELS, PICTURES);
  return {
    width,
    height,
    sha256: sha256Of(folder, vision),
    async embed(pictures, signal) {
      const runs = inBatches(pictures, most).map(async (batch) => {
        const data = new Float32Array(batch.length * size);
        for (const [i, rgb] of batch.entries()) planes(rgb, settings, data.subarray(i * size, (i + 1) * size));
        const outputs = await session.run({ [PIXELS]: { dims: [batch.length, 3, height, width], data } }, signal);
        return vectorsOf(folder.id, outputs, "image_embeds", batch.length);
      });
      return (await Promise.all(runs)).flat();
    },
    close: () => session.close(),
  };
}

/** Bytes by pixel become levels by channel: all of R, then G, then B. */
function planes(
  rgb: Uint8Array,
  { width, height, levels: [red, green, blue] }: ClipSettings,
  into: Float32Array,
): void {
  const area = width * height;
  for (let i = 0, pixel = 0; pixel < area; pixel++) {
    // in range by construction: `as number` only drops the `undefined` of unchecked indices
    into[pixel] = red[rgb[i++] as number] as number;
    into[area + pixel] = green[rgb[i++] as number] as number;
    into[2 * area + pixel] = blue[rgb[i++] as number] as number;
  }
}

/** Opens the text tower with its tokenizer. @throws SafelightError `config_invalid` as {@link openImageEncoder} */
export async function openTextEncoder(folder: PinnedFolder): Promise<TextEncoder> {
  const { text } = findClip(Object.keys(folder.files));
  const [{ contextLength }, tokenize] = await Promise.all([readSettings(folder), openTokens(folder)]);
  const dims = [1, contextLength];
  const session = await openTower(
    folder,
    text,
    { sessions: 1 },
    {
      [IDS]: { dims, data: new BigInt64Array(contextLength) },
      [MASK]: { dims, data: new BigInt64Array(contextLength).fill(1n) },
    },
  );
  const most = batchOf(session, IDS, TEXTS);
  return {
    sha256: sha256Of(folder, text),
    async embed(texts, signal) {
      const runs = inBatches(texts, most).map(async (batch) => {
        const dims = [batch.length, contextLength];
        const ids = new BigInt64Array(batch.length * contextLength); // what follows the end is not looked at
        const mask = new BigInt64Array(ids.length);
        for (const [i, each] of batch.entries()) {
          const tokens = tokenize(each, contextLength);
          ids.set(tokens, i * contextLength);
          mask.fill(1n, i * contextLength, i * contextLength + tokens.length);
        }
        // not every export has the mask; what a session has no input for is left aside
        const outputs = await session.run({ [IDS]: { dims, data: ids }, [MASK]: { dims, data: mask } }, signal);
        return vectorsOf(folder.id, outputs, "text_embeds", batch.length);
      });
      return (await Promise.all(runs)).flat();
    },
    close: () => session.close(),
  };
}

async function openTokens(folder: PinnedFolder): Promise<(text: string, most: number) => readonly bigint[]> {
  const json = await readJson(folder, "tokenizer.json", z.record(z.string(), z.unknown()));
  const broken = (why: string, cause?: unknown) =>
    new SafelightError("config_invalid", `model ${folder.id}: tokenizer.json ${why}`, { cause });
  let tokenizer: Tokenizer;
  try {
    tokenizer = new Tokenizer(json, {});
    const plain = tokenizer.encode("a", { add_special_tokens: false }).ids.length;
    if (plain === 0 || tokenizer.encode("a").ids.length !== plain + 2) throw broken("does not begin and end a text");
  } catch (cause) {
    throw cause instanceof SafelightError ? cause : broken("cannot be opened", cause);
  }
  return (text, most) => {
    const { ids } = tokenizer.encode(text);
    if (ids.length <= most) return ids.map(BigInt);
    throw new SafelightError(
      "config_invalid",
      `a concept has ${ids.length} tokens, and model ${folder.id} reads ${most} at most: "${text}"`,
    );
  };
}

function openTower(folder: PinnedFolder, name: string, options: PoolOptions, warm: Parameters<Session["run"]>[0]) {
  const file = { id: folder.id, sha256: sha256Of(folder, name), read: () => readPinned(folder, name), warm };
  return openOnnx(file, options);
}

function sha256Of({ files }: PinnedFolder, name: string): string {
  return files[name]?.sha256 ?? "";
}

function inBatches<Item>(items: readonly Item[], most: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, i) => items.slice(i * most, (i + 1) * most));
}
