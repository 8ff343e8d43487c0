import { crc32 } from "node:zlib";
import { type Part, pngChunk, pngChunks, SIGNATURE } from "./containers.ts";

/** An animated PNG, taken apart. Its frames are not decoded yet. */
export interface Animation {
  /** Of the canvas, in pixels. */
  readonly width: number;
  readonly height: number;
  /** What a viewer without animations shows, where it is not the first frame of the animation. */
  readonly still: Uint8Array | undefined;
  readonly frames: readonly AnimationFrame[];
  /** How often it is shown; 0: without end. */
  readonly plays: number;
}

export interface AnimationFrame {
  /** A PNG of its own. */
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
  readonly delayMs: number;
  readonly dispose: "none" | "background" | "previous";
  readonly blend: "source" | "over";
}

const DISPOSE = ["none", "background", "previous"] as const;
const BLEND = ["source", "over"] as const;

/**
 * @throws Error unless every rule of the format is kept: viewers that meet a mistake show the still picture, or fewer frames
 * @see https://www.w3.org/TR/png-3/#apng-frame-based-animation
 */
export function readAnimation(bytes: Uint8Array): Animation {
  const chunks = [...pngChunks(bytes)];
  const [header] = chunks;
  if (header?.type !== "IHDR" || header.data.length !== 13 || chunks.at(-1)?.type !== "IEND")
    throw new Error("no header, or no end");
  const { width, height } = sizeOf(header.data, 0);
  const reader = new Reader(bytes, width, height);
  for (const chunk of chunks) reader.take(chunk);
  return { width, height, ...reader.end() };
}

function sizeOf(data: Uint8Array, at: number) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return { width: view.getUint32(at), height: view.getUint32(at + 4) };
}

type Control = Omit<AnimationFrame, "png">;

class Reader {
  readonly #bytes: Uint8Array;
  readonly #width: number;
  readonly #height: number;
  /** What every frame needs: header, colours, transparency. */
  readonly #shared: Uint8Array[] = [];
  readonly #frames: AnimationFrame[] = [];
  #header: Uint8Array = new Uint8Array();
  #told: number | undefined;
  #plays = 0;
  #sequence = 0;
  #control: Control | undefined;
  #data: Uint8Array[] = [];
  #still: Uint8Array | undefined;
  #seenPixels = false;
  #before = "";

  constructor(bytes: Uint8Array, width: number, height: number) {
    this.#bytes = bytes;
    this.#width = width;
    this.#height = height;
  }

  take(chunk: Part): void {
    const { type, start, end, data } = chunk;
    const whole = this.#bytes.subarray(start, end);
    if (crc32(whole.subarray(4, -4)) !== new DataView(whole.buffer, whole.byteOffset).getUint32(whole.length - 4))
      throw new Error(`a wrong checksum in ${type}`);
    if (type === "IHDR") {
      if (this.#header.length > 0) throw new Error("two headers");
      this.#header = data;
    } else if (type === "acTL") {
      if (this.#told !== undefined || this.#seenPixels || data.length !== 8) throw new Error("acTL out of place");
      const control = new DataView(data.buffer, data.byteOffset);
      this.#told = control.getUint32(0);
      this.#plays = control.getUint32(4);
    } else if (type === "fcTL") {
      this.#finish();
      this.#control = this.#readControl(data);
    } else if (type === "IDAT") {
      if (this.#seenPixels && this.#before !== "IDAT") throw new Error("IDAT out of place");
      this.#seenPixels = true;
      this.#data.push(data);
    } else if (type === "fdAT") {
      this.#checkSequence(data);
      if (!this.#seenPixels || !this.#control) throw new Error("fdAT out of place");
      if (this.#before === "IDAT") throw new Error("fdAT without a frame");
      this.#data.push(data.subarray(4));
    } else if (type === "IEND") this.#finish();
    else if (!this.#seenPixels && type !== "eXIf") this.#shared.push(whole);
    else if (/^[A-Z]/.test(type)) throw new Error(`${type} out of place`);
    this.#before = type;
  }

  end(): Pick<Animation, "still" | "frames" | "plays"> {
    if (this.#told === undefined || this.#frames.length !== this.#told || this.#told === 0)
      throw new Error(`${this.#frames.length} frames where ${this.#told} are told`);
    return { still: this.#still, frames: this.#frames, plays: this.#plays };
  }

  #finish(): void {
    if (this.#data.length === 0) {
      if (this.#control) throw new Error("a frame without pixels");
      return;
    }
    const { width, height } = this.#control ?? { width: this.#width, height: this.#height };
    const header = Uint8Array.from(this.#header);
    new DataView(header.buffer).setUint32(0, width);
    new DataView(header.buffer).setUint32(4, height);
    const parts = [SIGNATURE, pngChunk("IHDR", header), ...this.#shared];
    const png = Buffer.concat([...parts, pngChunk("IDAT", Buffer.concat(this.#data)), pngChunk("IEND", NONE)]);
    if (this.#control) this.#frames.push({ ...this.#control, png });
    else this.#still = png;
    this.#data = [];
    this.#control = undefined;
  }

  #checkSequence(data: Uint8Array): void {
    if (data.length < 4 || new DataView(data.buffer, data.byteOffset).getUint32(0) !== this.#sequence)
      throw new Error("frames out of order");
    this.#sequence += 1;
  }

  #readControl(data: Uint8Array): Control {
    this.#checkSequence(data);
    if (data.length !== 26) throw new Error("fcTL of a wrong length");
    const { width, height } = sizeOf(data, 4);
    const { width: x, height: y } = sizeOf(data, 12);
    const view = new DataView(data.buffer, data.byteOffset);
    const dispose = DISPOSE[view.getUint8(24)];
    const blend = BLEND[view.getUint8(25)];
    if (!dispose || !blend) throw new Error("fcTL with an unknown operation");
    const whole = x === 0 && y === 0 && width === this.#width && height === this.#height;
    if (width === 0 || height === 0 || x + width > this.#width || y + height > this.#height)
      throw new Error("a frame beyond the canvas");
    if (!this.#seenPixels && !whole) throw new Error("a first frame that does not fill the canvas");
    const delayMs = (view.getUint16(20) / (view.getUint16(22) || 100)) * 1000;
    return { width, height, x, y, delayMs, dispose, blend };
  }
}

const NONE = new Uint8Array();

/**
 * The canvas as it is shown, frame by frame, as `height × width × 4` bytes R G B A. It is one buffer, painted over for the next frame.
 * @param decode a PNG to `height × width × 4` bytes R G B A
 */
export async function* composed(
  { width, height, frames }: Animation,
  decode: (png: Uint8Array) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const canvas = new Uint8Array(width * height * 4);
  for (const [index, frame] of frames.entries()) {
    const pixels = await decode(frame.png);
    const dispose = index === 0 && frame.dispose === "previous" ? "background" : frame.dispose;
    const before = dispose === "previous" ? rowsOf(canvas, width, frame) : undefined;
    paint(canvas, width, frame, (to, y) => {
      const from = pixels.subarray(y * frame.width * 4, (y + 1) * frame.width * 4);
      if (frame.blend === "source") to.set(from);
      else blend(to, from);
    });
    yield canvas;
    if (dispose === "background") paint(canvas, width, frame, (to) => to.fill(0));
    if (before) paint(canvas, width, frame, (to, y) => to.set(before[y] ?? []));
  }
}

function paint(canvas: Uint8Array, width: number, frame: AnimationFrame, row: (to: Uint8Array, y: number) => void) {
  for (let y = 0; y < frame.height; y++) {
    const start = ((frame.y + y) * width + frame.x) * 4;
    row(canvas.subarray(start, start + frame.width * 4), y);
  }
}

function rowsOf(canvas: Uint8Array, width: number, frame: AnimationFrame): readonly Uint8Array[] {
  const rows: Uint8Array[] = [];
  paint(canvas, width, frame, (to) => rows.push(Uint8Array.from(to)));
  return rows;
}

/** Puts `from` over `to`, both with alpha. */
function blend(to: Uint8Array, from: Uint8Array): void {
  for (let at = 0; at < from.length; at += 4) {
    const alpha = from[at + 3] as number; // inside both, here and below
    if (alpha === 0) continue;
    if (alpha === 255) {
      to.set(from.subarray(at, at + 4), at);
      continue;
    }
    const under = ((to[at + 3] as number) * (255 - alpha)) / 255;
    const sum = alpha + under;
    for (let c = at; c < at + 3; c++)
      to[c] = Math.round(((from[c] as number) * alpha + (to[c] as number) * under) / sum);
    to[at + 3] = Math.round(sum);
  }
}
