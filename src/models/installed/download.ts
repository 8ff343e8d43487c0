import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { SafelightError } from "../../contract/errors.ts";
import { sizeGuard, tooLarge } from "./limit.ts";

/** Without a byte for so long, a download is given up. */
const SILENCE_MS = 60_000;

/**
 * An http or https URL without user and password.
 * @throws SafelightError `invalid_request`
 */
export function httpUrl(given: string): URL {
  const url = URL.parse(given);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new SafelightError("invalid_request", `${given}: must be an http or https URL`);
  }
  if (url.username || url.password) {
    throw new SafelightError("invalid_request", "the URL must not hold a user and password");
  }
  return url;
}

/** As it may be written down: queries carry keys. */
export function shownUrl({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

/**
 * Writes what a URL answers to a file.
 * @throws SafelightError `config_invalid` when the answer is another one than 200, or too large; `storage_failed`,
 * `provider_failed`
 */
export async function download(url: URL, path: string, mostBytes: number, signal: AbortSignal): Promise<void> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const failed = (why: string, cause?: unknown) =>
    new SafelightError("provider_failed", `${shownUrl(url)}: ${why}`, { cause });
  try {
    const answer = await fetch(url, { signal: AbortSignal.any([signal, silence.signal]) });
    if (answer.status !== 200 || !answer.body) {
      await answer.body?.cancel();
      throw new SafelightError(
        "config_invalid",
        `${shownUrl(url)} answered ${answer.status} ${answer.statusText}`.trim(),
      );
    }
    if (Number(answer.headers.get("content-length") ?? 0) > mostBytes) {
      await answer.body.cancel();
      throw tooLarge(mostBytes);
    }
    await mkdir(dirname(path), { recursive: true });
    const body = Readable.fromWeb(answer.body as ReadableStream<Uint8Array>); // Node's own stream under the web's name
    body.on("data", () => timer.refresh());
    await pipeline(body, sizeGuard(mostBytes), createWriteStream(path, { flush: true }));
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof SafelightError) throw cause;
    throw silence.signal.aborted ? failed("nothing came for a minute") : failed("cannot be fetched", cause);
  } finally {
    clearTimeout(timer);
  }
}
