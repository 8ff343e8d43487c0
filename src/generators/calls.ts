import type { GeneratedImage, ImageRequest } from "../contract/generator.ts";
import { leash } from "../pipeline/abort.ts";

export type Slot = ImageRequest["images"][number];

/**
 * Asks a back end that makes at most `each` pictures a call, `atOnce` calls at a time. The first failure ends all.
 * @param make answers one entry for each of the slots that it is given, in order
 */
export async function inCalls(
  { images }: Pick<ImageRequest, "images">,
  { each, atOnce }: { readonly each: number; readonly atOnce: number },
  make: (slots: readonly Slot[], signal: AbortSignal) => Promise<readonly GeneratedImage[]>,
  signal: AbortSignal,
  onProgress?: (fraction: number) => void,
): Promise<GeneratedImage[]> {
  const calls = Array.from({ length: Math.ceil(images.length / each) }, (_, i) =>
    images.slice(i * each, (i + 1) * each),
  );
  const answers: (readonly GeneratedImage[])[] = calls.map(() => []);
  const own = leash(signal);
  let next = 0;
  let made = 0;
  const worker = async () => {
    for (let i = next++; i < calls.length; i = next++) {
      own.signal.throwIfAborted();
      const slots = calls[i] ?? [];
      answers[i] = await make(slots, own.signal);
      made += slots.length;
      if (made < images.length) onProgress?.(made / images.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, calls.length) }, worker));
  } catch (error) {
    own.abort(error);
    throw error;
  } finally {
    own.end();
  }
  return answers.flat();
}
