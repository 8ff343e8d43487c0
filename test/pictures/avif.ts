import type { ColourDescription } from "../../src/models/colour.ts";

/** `avif`, of which the box `nclx` says these colours instead. sharp writes one into those without loss. */
export function withNclx(avif: Uint8Array, { primaries, transfer }: ColourDescription): Buffer {
  const patched = Buffer.from(avif);
  const at = indexOf(patched, "nclx");
  patched.writeUInt16BE(primaries, at + 4);
  patched.writeUInt16BE(transfer, at + 6);
  return patched;
}

/** `avif`, of which the first sequence header says these colours instead. In those with loss sharp says sRGB there. */
export function withSequenceColours(avif: Uint8Array, { primaries, transfer }: ColourDescription): Buffer {
  const patched = Buffer.from(avif);
  const start = indexOf(patched, "mdat") + 4;
  const bits = [...patched.subarray(start, start + 24)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const srgb = "0000000100001101";
  if (bits.split(srgb).length !== 2) throw new Error("a sequence header without sRGB");
  const wanted = [primaries, transfer].map((value) => value.toString(2).padStart(8, "0")).join("");
  const bytes = bits.replace(srgb, wanted).match(/.{8}/g) ?? [];
  patched.set(
    bytes.map((byte) => Number.parseInt(byte, 2)),
    start,
  );
  return patched;
}

function indexOf(file: Buffer, type: string): number {
  const at = file.indexOf(type, 0, "latin1");
  if (at < 0) throw new Error(`no ${type}`);
  return at;
}
