/** Browsers show a frame for this long when it says it is shown for 10 ms or less. */
const UNSPECIFIED_MS = 100;

/**
 * At most `most` of `count` frames: the first, the last, those on the screen at evenly spaced moments in between, and then the ones that
 * are shown for longest. A frame that is shown for long cannot hide between many short ones.
 * @param delays milliseconds that each frame is shown for; absent where all are shown alike
 * @param primary a frame that must be among them: what viewers show first
 * @returns indices in rising order, without repeats
 */
export function chooseFrames(
  count: number,
  most: number,
  delays: readonly number[] = [],
  primary = 0,
): readonly number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  const shown = Array.from({ length: count }, (_, i) => {
    const delay = delays[i] ?? 0;
    return delay > 10 ? delay : UNSPECIFIED_MS;
  });
  const chosen = new Set([primary]);
  const add = (index: number) => {
    if (chosen.size < most) chosen.add(index);
  };
  add(0);
  add(count - 1);
  const lastStart = shown.slice(0, -1).reduce((sum, ms) => sum + ms, 0);
  for (let k = 1; k < most - 1; k++) add(frameAt((k * lastStart) / (most - 1), shown));
  for (const index of shown.map((_, i) => i).sort((a, b) => (shown[b] ?? 0) - (shown[a] ?? 0))) add(index);
  return [...chosen].sort((a, b) => a - b);
}

function frameAt(moment: number, shown: readonly number[]): number {
  let end = 0;
  for (const [index, ms] of shown.entries()) {
    end += ms;
    if (moment < end) return index;
  }
  return shown.length - 1;
}
