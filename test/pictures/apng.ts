import sharp from "sharp";
import { pngChunk, pngChunks } from "../../src/models/containers.ts";

export interface ApngFrame {
  /** `height × width × 4` bytes R G B A. */
  readonly rgba: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly x?: number;
  readonly y?: number;
  /** Hundredths of a second. */
  readonly delay?: number;
  /** 0 none, 1 background, 2 previous. */
  readonly dispose?: number;
  /** 0 source, 1 over. */
  readonly blend?: number;
}

/** @param still what stands in the file besides, for viewers without animations */
export async function encodeApng(frames: readonly ApngFrame[], still?: ApngFrame, plays = 0): Promise<Buffer> {
  const [canvas] = still ? [still] : frames;
  if (!canvas) throw new Error("an animation without frames");
  const header = Buffer.alloc(13);
  header.writeUInt32BE(canvas.width, 0);
  header.writeUInt32BE(canvas.height, 4);
  header.set([8, 6], 8);
  const animation = Buffer.alloc(8);
  animation.writeUInt32BE(frames.length, 0);
  animation.writeUInt32BE(plays, 4);
  const chunks = [Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), pngChunk("IHDR", header), pngChunk("acTL", animation)];
  if (still) chunks.push(...(await data(still)).map((part) => pngChunk("IDAT", part)));
  let sequence = 0;
  for (const [i, frame] of frames.entries()) {
    const control = Buffer.alloc(26);
    [sequence++, frame.width, frame.height, frame.x ?? 0, frame.y ?? 0].forEach((value, at) => {
      control.writeUInt32BE(value, at * 4);
    });
    control.writeUInt16BE(frame.delay ?? 10, 20);
    control.writeUInt16BE(100, 22);
    control.set([frame.dispose ?? 0, frame.blend ?? 0], 24);
    chunks.push(pngChunk("fcTL", control));
    for (const part of await data(frame)) {
      const number = Buffer.alloc(4);
      if (i > 0 || still) number.writeUInt32BE(sequence++, 0);
      chunks.push(i > 0 || still ? pngChunk("fdAT", Buffer.concat([number, part])) : pngChunk("IDAT", part));
    }
  }
  return Buffer.concat([...chunks, pngChunk("IEND", Buffer.alloc(0))]);
}

async function data({ rgba, width, height }: ApngFrame): Promise<Uint8Array[]> {
  const png = await sharp(rgba, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
  return [...pngChunks(png)].filter(({ type }) => type === "IDAT").map((part) => part.data);
}
