import type { Region } from "../../../contract/report.ts";
import { type Box, corners } from "./box.ts";
import type { Letter } from "./letters.ts";
import { confidenceOf, type ReadLine } from "./reader.ts";

interface Place {
  readonly box: Box;
  readonly letter: Letter;
}

/** What a frame says, in reading order, a line for each line, and where each UTF-16 unit of it stands. */
export interface Transcript {
  readonly text: string;
  /** One for each unit; a line's end has none. */
  readonly places: readonly (Place | undefined)[];
}

/** Leaves out words that were read with less confidence than `least`, unless their whole line was read better. */
export function transcriptOf(lines: readonly ReadLine[], least: number): Transcript {
  let text = "";
  const places: (Place | undefined)[] = [];
  const put = (words: string, place: Place | undefined) => {
    text += words;
    for (let unit = 0; unit < words.length; unit++) places.push(place);
  };
  for (const { box, letters } of lines) {
    const sure = confidenceOf(letters) >= least; // then a letter alone may be part of a word that is spaced out
    const words = wordsOf(letters).filter((word) => sure || confidenceOf(word) >= least);
    for (const [i, word] of words.entries()) {
      if (i > 0) put(" ", undefined);
      else if (text !== "") put("\n", undefined);
      for (const letter of word) put(letter.text, { box, letter });
    }
  }
  return { text, places };
}

/**
 * The smallest upright rectangle around the letters from `start` to `end`, or around all of them, as fractions of the frame.
 * Undefined where there are none.
 */
export function regionOf(
  { places }: Transcript,
  frame: { readonly width: number; readonly height: number },
  [start, end]: readonly [number, number] = [0, places.length],
): Region | undefined {
  const points = places.slice(start, end).flatMap((place) => {
    return place ? corners(place.box, place.letter.from, place.letter.to) : [];
  });
  if (points.length === 0) return undefined;
  const within = (at: number, side: number) => Math.min(1, Math.max(0, at / side));
  const across = points.map(([x]) => within(x, frame.width));
  const down = points.map(([, y]) => within(y, frame.height));
  const [x, y] = [Math.min(...across), Math.min(...down)];
  return { x, y, width: Math.max(...across) - x, height: Math.max(...down) - y };
}

function wordsOf(letters: readonly Letter[]): readonly (readonly Letter[])[] {
  const words: Letter[][] = [[]];
  for (const letter of letters) {
    if (letter.text.trim() === "") words.push([]);
    else words.at(-1)?.push(letter);
  }
  return words.filter((word) => word.length > 0);
}
