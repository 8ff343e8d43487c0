import { ascii } from "./containers.ts";

const [TRAILER, PICTURE, EXTENSION] = [0x3b, 0x2c, 0x21];
const [CONTROL, PLAIN_TEXT, COMMENT, APPLICATION] = [0xf9, 0x01, 0xfe, 0xff];
const LOOPS: ReadonlySet<string> = new Set(["NETSCAPE2.0", "ANIMEXTS1.0"]);

/**
 * A GIF with its pictures, how long each is shown, and how often they are; it ends with its trailer.
 * @returns undefined when it cannot be walked to there, or says something twice
 * @see https://www.w3.org/Graphics/GIF/spec-gif89a.txt
 */
export function strippedGif(bytes: Uint8Array): Uint8Array | undefined {
  const colours = (packed: number) => (packed & 0x80 ? 3 * 2 ** ((packed & 7) + 1) : 0);
  let at = 13 + colours(bytes[10] ?? 0);
  const pieces: Uint8Array[] = [bytes.subarray(0, at)];
  /** Holds for the next picture. */
  let control: Uint8Array | undefined;
  let loop: Uint8Array | undefined;
  while (at < bytes.length) {
    const start = at;
    const block = bytes[at];
    if (block === TRAILER) return Buffer.concat([...pieces, Buffer.from([TRAILER])]);
    if (block === PICTURE)
      at += 11 + colours(bytes[at + 9] ?? 0); // the descriptor, its colours, and the LZW code size
    else if (block === EXTENSION) at += 2;
    else return undefined;
    const blocks = at;
    while (bytes[at]) at += (bytes[at] as number) + 1; // sub-blocks, up to the empty one; inside the array, as just seen
    at += 1;
    if (at > bytes.length) return undefined;
    const whole = bytes.subarray(start, at);
    if (block === PICTURE) {
      if (control) pieces.push(control);
      pieces.push(whole);
      control = undefined;
      continue;
    }
    switch (bytes[start + 1]) {
      case CONTROL:
        if (control || whole.length !== 8) return undefined;
        control = whole;
        break;
      case APPLICATION: {
        const times = loopOf(whole, blocks - start);
        if (!times) break;
        if (loop && Buffer.compare(loop, times) !== 0) return undefined;
        if (!loop) pieces.push(times);
        loop = times;
        break;
      }
      case COMMENT:
      case PLAIN_TEXT:
        break;
      default:
        return undefined;
    }
  }
  return undefined;
}

/** The extension that says how often an animation is shown, if it is that one. @param name where its name begins */
function loopOf(whole: Uint8Array, at: number): Uint8Array | undefined {
  const data = at + 12;
  if (whole[at] !== 11 || !LOOPS.has(ascii(whole, at + 1, data)) || whole[data] !== 3 || whole[data + 1] !== 1)
    return undefined;
  return Buffer.concat([whole.subarray(0, data + 4), Buffer.alloc(1)]);
}
