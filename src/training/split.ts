import type { Dataset } from "./dataset.ts";
import { Random } from "./random.ts";

/** Numbers of texts: disjoint, together all of them. */
export interface Split {
  readonly train: Uint32Array;
  /** Says when to stop, calibrates, and sets thresholds. */
  readonly validation: Uint32Array;
  /** Seen by nothing but the final measurement. */
  readonly test: Uint32Array;
}

export interface Shares {
  readonly validation: number;
  readonly test: number;
}

/**
 * Splits so that every part has the same share of each class (of each combination of classes, in multi-label data).
 * Texts that differ only in case, punctuation and white space stay on one side: a test on such a twin would be no test.
 * The same seed gives the same split.
 */
export function splitDataset(dataset: Dataset, shares: Shares, seed: number): Split {
  const random = new Random(seed);
  const parts = { train: [] as number[], validation: [] as number[], test: [] as number[] };
  for (const twins of strata(dataset)) {
    random.shuffle(twins);
    const total = twins.reduce((sum, group) => sum + group.length, 0);
    let before = 0;
    for (const group of twins) {
      // In a small stratum, chance decides who gets the rest: rounding would starve the same part in all of them.
      const place = (before + random.next() * group.length) / total;
      const part = place < shares.test ? "test" : place < shares.test + shares.validation ? "validation" : "train";
      parts[part].push(...group);
      before += group.length;
    }
  }
  const sorted = (part: number[]) => Uint32Array.from(part).sort();
  return { train: sorted(parts.train), validation: sorted(parts.validation), test: sorted(parts.test) };
}

/** Groups of twins, by the classes that the first of each has. */
function strata({ texts, targets, classes }: Dataset): readonly number[][][] {
  const groups = new Map<string, number[]>();
  texts.forEach((text, i) => {
    const key = twinKey(text);
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  });
  const found = new Map<string, number[][]>();
  for (const group of groups.values()) {
    const first = (group[0] ?? 0) * classes.length;
    const key = targets.subarray(first, first + classes.length).join();
    const stratum = found.get(key);
    if (stratum) stratum.push(group);
    else found.set(key, [group]);
  }
  return [...found.values()];
}

function twinKey(text: string): string {
  const key = text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{Extended_Pictographic}]+/gu, "");
  return key === "" ? text : key;
}
