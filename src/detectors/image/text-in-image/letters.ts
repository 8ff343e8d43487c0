/** A letter that was read, with its place as fractions of the strip's width. */
export interface Letter {
  readonly text: string;
  /** From 0 to 1. */
  readonly confidence: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Connectionist temporal classification, read greedily: of each step the likeliest class; the same class in a row is one
 * letter, and the blank, class 0, is none.
 * @param index of the likeliest class, for each step
 * @param probability of it
 */
export function lettersOf(
  index: Float32Array,
  probability: Float32Array,
  classes: readonly string[],
): readonly Letter[] {
  const letters: Letter[] = [];
  const steps = index.length;
  for (let step = 0; step < steps; ) {
    const kind = index[step] ?? 0;
    const from = step;
    let confidence = 0;
    while (step < steps && index[step] === kind) confidence = Math.max(confidence, probability[step++] ?? 0);
    if (step === from) throw new RangeError("a step has no class");
    const text = kind === 0 ? "" : classes[kind];
    if (text) letters.push({ text, confidence, from: from / steps, to: step / steps });
  }
  return letters;
}
