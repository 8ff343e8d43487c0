import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import type { Picture } from "../pipeline/parts.ts";

/** Less is as fast without. */
const LEAST_BYTES = 12 * 1024;

/** Stands for base64 in JSON under way. Nobody outside knows it, so nothing that a caller wrote can be taken for it. */
const MARK = `base64:${randomUUID()}`;

/** Bytes that are encoded at a time; a multiple of three. Pieces of a large text are forgotten sooner than the whole. */
const SLICE = 48 * 1024;

type Encodable = Pick<Picture, "bytes" | "base64">;

/** What the `JSON.stringify` that is running has met, in order. */
let met: Encodable[] | undefined;

/**
 * Bytes that are base64 in JSON. {@link answerJson} writes them straight into the body, where `JSON.stringify` would look through megabytes
 * of text for something to escape; to any other `JSON.stringify` this is a string.
 */
export class Base64 {
  readonly #picture: Encodable;

  constructor(picture: Encodable) {
    this.#picture = picture;
  }

  toJSON(): string {
    const { bytes } = this.#picture;
    if (!met || bytes.length < LEAST_BYTES) return viewOf(bytes).toString("base64");
    met.push(this.#picture);
    return MARK;
  }
}

/** Answers with JSON, as `c.json` does. */
export function answerJson(c: Context, value: object): Response {
  const long: Encodable[] = [];
  met = long;
  let json: string;
  try {
    json = JSON.stringify(value);
  } finally {
    met = undefined;
  }
  const type = { "Content-Type": "application/json" };
  if (long.length === 0) return c.body(json, 200, type);
  const pieces = json.split(MARK).flatMap((piece, i) => {
    const picture = long[i];
    return picture ? [Buffer.from(piece), ...(picture.base64 ?? [encoded(picture.bytes)])] : [Buffer.from(piece)];
  });
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return c.body(inPieces(pieces), 200, { ...type, "Content-Length": String(length) });
}

/** Never put together: the megabytes that would take, for each answer, keep the garbage collector busy. */
function inPieces(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

function encoded(bytes: Uint8Array): Uint8Array {
  const view = viewOf(bytes);
  const text = Buffer.allocUnsafeSlow(Math.ceil(bytes.length / 3) * 4);
  let at = 0;
  for (let from = 0; from < bytes.length; from += SLICE) {
    at += text.write(view.toString("base64", from, from + SLICE), at, "latin1");
  }
  return text;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
