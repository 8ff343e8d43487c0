/**
 * A span as Perspective gives it, made sound: within the text, and around whole characters. Perspective counts in UTF-16 units
 * ("The values are the UTF-16 codepoint range", with `end` exclusive), as we do; a zero is left out of its JSON.
 * @returns undefined where nothing is left of it
 */
export function soundSpan(
  text: string,
  begin: number | null | undefined,
  end: number | null | undefined,
): [start: number, end: number] | undefined {
  if (end == null) return undefined; // of the whole text
  const within = (place: number) => Math.max(0, Math.min(text.length, Math.trunc(place)));
  let start = within(begin ?? 0);
  let stop = within(end);
  if (start >= stop) return undefined;
  if (splitsPair(text, start)) start -= 1;
  if (splitsPair(text, stop)) stop += 1;
  return [start, stop];
}

/** Whether a place lies between the two halves of one character. */
function splitsPair(text: string, place: number): boolean {
  return place > 0 && (text.codePointAt(place - 1) ?? 0) > 0xffff;
}
