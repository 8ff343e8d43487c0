import { type Box, leastBox, levelled, type Point } from "./box.ts";

/** A pixel belongs to text from this probability on. */
const PIXEL = 0.2;
/** Of its pixels' probabilities, as the mean over the rectangle: what fills less of it is no line. */
const LINE = 0.45;
/** The network marks the core of a line, as it was shrunk for its training: grown by `area × GROWTH / perimeter`. */
const GROWTH = 1.4;
/** Pixels of the map: anything thinner or shorter is no line. */
const THINNEST = 3;
const SHORTEST = 6;

/**
 * Lines of text in a probability map: connected pixels, the least rectangle around them, grown.
 * @param map `height × width` probabilities, row by row
 * @see Liao et al., Real-time Scene Text Detection with Differentiable Binarization, AAAI 2020, section 3.4
 */
export function linesOf(map: Float32Array, width: number, height: number): readonly Box[] {
  return components(map, width, height).flatMap((runs) => {
    const box = levelled(leastBox(runs.flatMap(cornersOf)));
    const area = box.width * box.height;
    if (runs.reduce((sum, run) => sum + run.sum, 0) < LINE * area) return [];
    if (Math.min(box.width, box.height) < THINNEST || Math.max(box.width, box.height) < SHORTEST) return [];
    const growth = (area * GROWTH) / (2 * (box.width + box.height));
    return [{ ...box, width: box.width + 2 * growth, height: box.height + 2 * growth }];
  });
}

/** Pixels of text beside each other in one row, from `first` up to `end`, and the sum of their probabilities. */
interface Run {
  readonly y: number;
  readonly first: number;
  readonly end: number;
  readonly sum: number;
  /** A run of the same component, further up or to the left; itself for the first. */
  leader: Run;
}

/** All runs that hang together, over sides and corners. */
function components(map: Float32Array, width: number, height: number): readonly (readonly Run[])[] {
  const all: Run[] = [];
  let above: readonly Run[] = [];
  for (let y = 0; y < height; y++) {
    const row = runsOf(map, width, y);
    let next = 0;
    for (const run of row) {
      while (next < above.length && (above[next]?.end ?? 0) < run.first) next++;
      for (let at = next; at < above.length; at++) {
        const upper = above[at];
        if (!upper || upper.first > run.end) break;
        join(upper, run);
      }
      all.push(run);
    }
    above = row;
  }
  return [...Map.groupBy(all, leaderOf).values()];
}

function runsOf(map: Float32Array, width: number, y: number): readonly Run[] {
  const runs: Run[] = [];
  const row = y * width;
  for (let x = 0; x < width; x++) {
    let probability = map[row + x] ?? 0;
    if (!(probability > PIXEL)) continue;
    const first = x;
    let sum = 0;
    while (x < width && probability > PIXEL) {
      sum += probability;
      probability = map[row + ++x] ?? 0;
    }
    const run = { y, first, end: x, sum } as Run;
    run.leader = run;
    runs.push(run);
  }
  return runs;
}

function join(one: Run, other: Run): void {
  const [a, b] = [leaderOf(one), leaderOf(other)];
  if (a.y < b.y || (a.y === b.y && a.first < b.first)) b.leader = a;
  else a.leader = b;
}

function leaderOf(run: Run): Run {
  let leader = run;
  while (leader.leader !== leader) {
    leader.leader = leader.leader.leader;
    leader = leader.leader;
  }
  return leader;
}

function cornersOf({ y, first, end }: Run): readonly Point[] {
  return [
    [first, y],
    [end, y],
    [first, y + 1],
    [end, y + 1],
  ];
}
