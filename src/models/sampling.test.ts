import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseFrames } from "./sampling.ts";

const animations = fc
  .array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 300 })
  .chain((delays) => fc.record({ delays: fc.constant(delays), primary: fc.nat(delays.length - 1) }));

test("as many as allowed, in order, with the primary one; and with the first and the last where there is room", () => {
  fc.assert(
    fc.property(animations, fc.integer({ min: 1, max: 20 }), ({ delays, primary }, most) => {
      const chosen = chooseFrames(delays.length, most, delays, primary);
      expect(chosen).toHaveLength(Math.min(most, delays.length));
      expect([...new Set(chosen)].sort((a, b) => a - b)).toEqual(chosen);
      expect(chosen).toContain(primary);
      expect(chosen.every((index) => index >= 0 && index < delays.length)).toBe(true);
      if (most >= 3) expect(chosen).toEqual(expect.arrayContaining([0, delays.length - 1]));
    }),
  );
});

test("whatever is shown for a quarter of the time is chosen", () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 200 }), fc.nat(), (count, at) => {
      const delays = Array.from({ length: count }, () => 50);
      const long = at % count;
      delays[long] = 20 * count;
      expect(chooseFrames(count, 8, delays)).toContain(long);
    }),
  );
});

test("frames that say they are shown for no time are shown, and count, like others", () => {
  expect(chooseFrames(12, 8, Array(12).fill(0))).toEqual(chooseFrames(12, 8, Array(12).fill(100)));
  expect(chooseFrames(12, 8)).toEqual([0, 1, 3, 4, 6, 7, 9, 11]);
});
