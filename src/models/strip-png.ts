import { crc32, inflateSync } from "node:zlib";
import { isAnimatedPng, pngChunk, pngChunks, SIGNATURE } from "./containers.ts";
import { minimalExif } from "./orientation.ts";

/** Chunks that say how pixels look, and how long they may be. Each stands once, before the first pixels. */
const HEAD: ReadonlyMap<string, (length: number) => boolean> = new Map<string, (length: number) => boolean>([
  ["IHDR", (length) => length === 13],
  ["PLTE", (length) => length <= 768 && length % 3 === 0],
  ["tRNS", (length) => length <= 256],
  ["gAMA", (length) => length === 4],
  ["cHRM", (length) => length === 32],
  ["sRGB", (length) => length === 1],
  ["iCCP", () => true],
  ["cICP", (length) => length === 4],
  ["sBIT", (length) => length >= 1 && length <= 4],
  ["bKGD", (length) => length === 1 || length === 2 || length === 6],
  ["pHYs", (length) => length === 9],
  ["mDCV", (length) => length === 24],
  ["cLLI", (length) => length === 8],
  ["acTL", (length) => length === 8],
]);
const PIXELS: ReadonlySet<string> = new Set(["IDAT", "fcTL", "fdAT"]);

/** No profile that a picture comes with has a tenth of this. */
const PROFILE_BYTES = 16 * 1024 * 1024;

/**
 * A PNG with pixels, animation, colours and orientation, and nothing else; it ends with IEND.
 * @returns undefined when it cannot be walked to there, or a chunk that holds is doubled, damaged, or of a wrong length
 * @see https://www.w3.org/TR/png-3/#11Chunks
 */
export function strippedPng(bytes: Uint8Array, orientation: number): Uint8Array | undefined {
  const exif = minimalExif(orientation);
  const animated = isAnimatedPng(bytes);
  const pieces: Uint8Array[] = [SIGNATURE];
  const seen = new Set<string>();
  for (const { type, start, end, data } of pngChunks(bytes)) {
    if (seen.size === 0 && type !== "IHDR") return undefined;
    const whole = bytes.subarray(start, end);
    if (type === "IEND") {
      return seen.has("IDAT") ? Buffer.concat([...pieces, pngChunk("IEND", new Uint8Array())]) : undefined;
    }
    const fits = HEAD.get(type);
    if (fits && (!seen.has("IDAT") || type === "PLTE")) {
      if (seen.has(type) || seen.has("IDAT") || !fits(data.length)) return undefined;
      const kept = type === "iCCP" ? namelessProfile(data) : whole;
      if (!kept) return undefined;
      pieces.push(kept);
      if (type === "IHDR" && exif) pieces.push(pngChunk("eXIf", exif));
    } else if (type === "IDAT" || (animated && PIXELS.has(type))) pieces.push(whole);
    else if (/^[A-Z]/.test(type))
      return undefined; // critical, and unknown
    else continue;
    if (
      crc32(bytes.subarray(start + 4, end - 4)) !==
      new DataView(whole.buffer, whole.byteOffset).getUint32(end - start - 4)
    )
      return undefined;
    seen.add(type);
  }
  return undefined;
}

/** The chunk iCCP without the profile's name, and without what follows the compressed profile. */
function namelessProfile(data: Uint8Array): Uint8Array | undefined {
  const name = data.indexOf(0);
  if (name < 1 || name > 79 || data[name + 1] !== 0) return undefined;
  const compressed = data.subarray(name + 2);
  try {
    // With `info` it answers an object that its types do not know.
    const { engine } = inflateSync(compressed, { info: true, maxOutputLength: PROFILE_BYTES }) as unknown as {
      engine: { bytesWritten: number };
    };
    return pngChunk("iCCP", Buffer.concat([NAMELESS, compressed.subarray(0, engine.bytesWritten)]));
  } catch {
    return undefined;
  }
}

/** A name must have a character; then the only method of compression. */
const NAMELESS = Buffer.from("icc\0\0", "latin1");
