import fc from "fast-check";
import { expect, test } from "vitest";
import { shrinkByMean } from "./resize.ts";

const side = fc.integer({ min: 1, max: 12 });

test("shrinking keeps the mean where the sizes divide each other, and a picture of the same size as it is", () => {
  fc.assert(
    fc.property(side, side, fc.integer({ min: 1, max: 4 }), fc.integer(), (width, height, times, seed) => {
      const rgb = Uint8Array.from({ length: width * times * height * times * 3 }, (_, i) => (i * 7919 + seed) & 255);
      const small = shrinkByMean(rgb, width * times, height * times, width, height);
      const mean = (values: ArrayLike<number>) =>
        Array.from(values).reduce((sum, each) => sum + each, 0) / values.length;
      expect(mean(small)).toBeCloseTo(mean(rgb), 3);
      expect(shrinkByMean(rgb, width * times, height * times, width * times, height * times)).toEqual(
        Float32Array.from(rgb),
      );
    }),
  );
});

test("every pixel counts once, whatever the sizes", () => {
  fc.assert(
    fc.property(side, side, fc.double({ min: 0.1, max: 1, noNaN: true }), (width, height, part) => {
      const [toWidth, toHeight] = [Math.max(1, Math.floor(width * part)), Math.max(1, Math.floor(height * part))];
      const white = new Uint8Array(width * height * 3).fill(200);
      expect(Array.from(shrinkByMean(white, width, height, toWidth, toHeight))).toEqual(
        Array.from({ length: toWidth * toHeight * 3 }, () => 200),
      );
    }),
  );
});
