import fc from "fast-check";
import { expect, test } from "vitest";
import { shrinkByFour } from "./resize.ts";

const side = fc.integer({ min: 1, max: 12 });
const pixels = (width: number, height: number, seed: number) =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919 + seed) & 255);

test("a picture of the same size stays as it is, and half the size is the mean of each four", () => {
  fc.assert(
    fc.property(side, side, fc.integer(), (width, height, seed) => {
      const same = pixels(width, height, seed);
      expect(shrinkByFour(same, width, height, width, height)).toEqual(Float32Array.from(same));
      const twice = pixels(width * 2, height * 2, seed);
      const at = (x: number, y: number, c: number) => twice[(y * width * 2 + x) * 3 + c] ?? Number.NaN;
      const half = Array.from({ length: width * height * 3 }, (_, i) => {
        const [c, x, y] = [i % 3, 2 * (Math.floor(i / 3) % width), 2 * Math.floor(i / 3 / width)];
        return (at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c)) / 4;
      });
      expect(Array.from(shrinkByFour(twice, width * 2, height * 2, width, height))).toEqual(half);
    }),
  );
});

test("each place is made of what it covers, and of nothing beside it", () => {
  fc.assert(
    fc.property(
      side,
      side,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      (width, height, across, down) => {
        const rgb = new Uint8Array(width * across * height * down * 3);
        for (let i = 0; i < rgb.length / 3; i++) {
          const [x, y] = [i % (width * across), Math.floor(i / (width * across))];
          rgb.fill(Math.floor(y / down) * width + Math.floor(x / across), i * 3, i * 3 + 3);
        }
        expect(Array.from(shrinkByFour(rgb, width * across, height * down, width, height))).toEqual(
          Array.from({ length: width * height * 3 }, (_, i) => Math.floor(i / 3)),
        );
      },
    ),
  );
});

test("one colour stays that colour, whatever the sizes", () => {
  fc.assert(
    fc.property(side, side, fc.double({ min: 0.1, max: 1, noNaN: true }), (width, height, part) => {
      const [toWidth, toHeight] = [Math.max(1, Math.floor(width * part)), Math.max(1, Math.floor(height * part))];
      const grey = new Uint8Array(width * height * 3).fill(200);
      expect(Array.from(shrinkByFour(grey, width, height, toWidth, toHeight))).toEqual(
        Array.from({ length: toWidth * toHeight * 3 }, () => 200),
      );
    }),
  );
});
