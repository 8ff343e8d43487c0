/** The golden ratio times 2³²: successive multiples fall far apart, so attempts never share seeds by accident. */
const STRIDE = 0x9e37_79b9;

/** The seed of one picture in one attempt: the request's seed plus the picture's index, as image models count; another stride for each attempt. */
export function seedOf(seed: number, index: number, attempt: number): number {
  return (seed + index + (attempt - 1) * STRIDE) % 2 ** 32;
}
