import { describe, expect, test } from "vitest";
import { fromBase64 } from "../../src/http/base64.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

describe("base64 that a client sends", () => {
  test.each<[string, string, Uint8Array]>([
    ["padded", "AQI=", bytes(1, 2)],
    ["padded twice", "AQ==", bytes(1)],
    ["not padded", "AQI", bytes(1, 2)],
    ["with the two digits that are no letters", "+/8=", bytes(0xfb, 0xff)],
    ["in lines, as base64(1) writes it", "AQID\r\nBAUG\n", bytes(1, 2, 3, 4, 5, 6)],
    ["with one blank at its end", "AQID\n", bytes(1, 2, 3)],
  ])("is read when it is %s", (_what, text, expected) => {
    expect(fromBase64(text)).toEqual(expected);
  });

  test.each<[string, string]>([
    ["empty", ""],
    ["nothing but blanks", " \n "],
    ["nothing but padding", "=="],
    ["a single digit", "A"],
    ["padded too much", "AQ==="],
    ["padded in its middle", "AQ==AQ=="],
    ["of the alphabet for addresses", "-_8="],
    ["something else", "%%%"],
  ])("is refused when it is %s", (_what, text) => {
    expect(fromBase64(text)).toBeUndefined();
  });

  test("takes a time that grows with its length, and not with the square of it", () => {
    const start = performance.now();
    expect(fromBase64(`AQID${" ".repeat(1_000_000)}!`)).toBeUndefined();
    expect(fromBase64(`AQID${" ".repeat(1_000_000)}`)).toEqual(bytes(1, 2, 3));
    expect(fromBase64("=".repeat(1_000_000))).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(2_000); // the square would be hours
  });
});
