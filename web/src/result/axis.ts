const STEPS = [1, 2, 5];

/** Three to six round marks from 0 on, and where the axis ends: a little after the last thing on it. */
export function axisTicks(last_ms: number): { readonly ticks: readonly number[]; readonly end: number } {
  const end = Math.max(last_ms * 1.03, 1);
  const step = niceStep(end / 5);
  return { ticks: Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step), end };
}

function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = STEPS.find((it) => it * power >= least) ?? 10;
  return Number((step * power).toPrecision(3));
}
