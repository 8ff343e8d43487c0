/** The shapes that the services make. The pixels are theirs to choose: about one million. */
export const ASPECTS = ["21:9", "16:9", "3:2", "5:4", "1:1", "4:5", "2:3", "9:16", "9:21"] as const;
export type Aspect = (typeof ASPECTS)[number];

/** The shape that is nearest to that of a size, as ratios go: twice as wide is as far off as half as wide. */
export function aspectOf(width: number, height: number): Aspect {
  const off = (aspect: Aspect) => {
    const [w = 1, h = 1] = aspect.split(":").map(Number);
    return Math.abs(Math.log(width / height / (w / h)));
  };
  return ASPECTS.reduce((best, aspect) => (off(aspect) < off(best) ? aspect : best));
}
