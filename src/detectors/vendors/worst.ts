import type { Finding } from "../../contract/report.ts";

/** Of the findings about the parts of one text or picture: for each category and label the one with the highest score. */
export function worst(parts: Iterable<readonly Finding[]>): readonly Finding[] {
  const found = new Map<string, Finding>();
  for (const finding of [...parts].flat()) {
    const key = JSON.stringify([finding.category, finding.label, finding.evidence?.term]);
    const other = found.get(key);
    if (!other || finding.score > other.score) found.set(key, finding);
  }
  return [...found.values()];
}

/** Does the same with all parts at once. The first failure ends the others: without one part the whole cannot be judged. */
export async function together<Part, Result>(
  parts: readonly Part[],
  work: (part: Part, signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): Promise<readonly Result[]> {
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  try {
    return await Promise.all(parts.map((part) => work(part, either)));
  } finally {
    ended.abort();
  }
}
