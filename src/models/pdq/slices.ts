import { setImmediate as turn } from "node:timers/promises";

/** What is worked through before others get their turn: some milliseconds. */
const AT_ONCE = 50_000;

/** Visits the numbers from 0 to below `size`, in slices, so that the event loop stays free. */
export async function inSlices(size: number, visit: (at: number) => void): Promise<void> {
  for (let from = 0; from < size; from += AT_ONCE) {
    const to = Math.min(size, from + AT_ONCE);
    for (let at = from; at < to; at++) visit(at);
    await turn();
  }
}
