import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lettersOf } from "./letters.ts";
import type { ReadLine } from "./reader.ts";
import { regionOf, transcriptOf } from "./transcript.ts";

const CLASSES = ["", "a", "b", " ", "👍"];

describe("letters from the classes of the steps", () => {
  const steps = (...classes: number[]) => Float32Array.from(classes);
  const sure = (of: Float32Array) => new Float32Array(of.length).fill(0.9);
  const read = (...classes: number[]) => {
    const index = steps(...classes);
    return lettersOf(index, sure(index), CLASSES)
      .map(({ text }) => text)
      .join("");
  };

  test("the same class in a row is one letter, unless a blank stands between", () => {
    expect(read(0, 1, 1, 1, 0, 1, 2, 2, 0, 0)).toBe("aab");
    expect(read(1, 0, 1)).toBe("aa");
    expect(read(0, 0)).toBe("");
    expect(read()).toBe("");
  });

  test("a class that the list does not have is no letter", () => {
    expect(read(1, 9, 2)).toBe("ab");
  });

  test("stand in the steps that they were read in, with the best probability of these", () => {
    const [letter] = lettersOf(steps(0, 1, 1, 0), Float32Array.of(0.9, 0.2, 0.8, 0.9), CLASSES);
    expect(letter).toEqual({ text: "a", confidence: expect.closeTo(0.8), from: 0.25, to: 0.75 });
  });

  test("never overlap, and lie in the strip", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 60 }), (classes) => {
        const index = Float32Array.from(classes);
        const letters = lettersOf(index, sure(index), CLASSES);
        let end = 0;
        for (const { from, to } of letters) {
          expect(from).toBeGreaterThanOrEqual(end);
          expect(to).toBeGreaterThan(from);
          end = to;
        }
        expect(end).toBeLessThanOrEqual(1);
      }),
    );
  });
});

/** A line whose letters are equally wide, read with one confidence for each word. */
function line(text: string, x: number, y: number, confidences: readonly number[] = [1]): ReadLine {
  const units = [...text];
  let word = 0;
  const letters = units.map((letter, i) => {
    if (letter === " ") word++;
    return { text: letter, confidence: confidences[word] ?? 1, from: i / units.length, to: (i + 1) / units.length };
  });
  return { box: { x, y, width: 10 * units.length, height: 20, angle: 0 }, letters };
}

describe("what a frame says", () => {
  const frame = { width: 200, height: 100 };

  test("has a line for each line, and leaves out what was not read well", () => {
    const lines = [line("red boat", 60, 20), line("ab cd", 40, 60, [0.3, 0.9]), line("noise", 50, 90, [0.2])];
    expect(transcriptOf(lines, 0.7).text).toBe("red boat\ncd");
    const spaced = line("w a l", 50, 50, [0.9, 0.6, 0.9]); // doubts about one letter in a line that was read well
    expect(transcriptOf([spaced], 0.7).text).toBe("w a l");
    expect(transcriptOf([], 0.7).text).toBe("");
  });

  test("knows where each word stands", () => {
    const transcript = transcriptOf([line("red boat", 60, 20), line("on 👍", 40, 60)], 0.7);
    expect(regionOf(transcript, frame, [4, 8])).toEqual({
      x: expect.closeTo(0.3),
      y: expect.closeTo(0.1),
      width: expect.closeTo(0.2),
      height: expect.closeTo(0.2),
    });
    const all = regionOf(transcript, frame);
    expect(all).toMatchObject({ x: expect.closeTo(0.1), y: expect.closeTo(0.1), height: expect.closeTo(0.6) });
    const at = transcript.text.indexOf("👍");
    expect(regionOf(transcript, frame, [at, at + 2])).toEqual(regionOf(transcript, frame, [at, at + 1]));
    expect(regionOf(transcript, frame, [3, 4])).toBeUndefined(); // a blank
  });

  test("every region lies in the picture, wherever lines were found", () => {
    const place = fc.record({
      x: fc.double({ min: -50, max: 300, noNaN: true }),
      y: fc.double({ min: -50, max: 300, noNaN: true }),
      angle: fc.double({ min: -4, max: 4, noNaN: true }),
      words: fc.stringMatching(/^[a-z]{1,9}( [a-z]{1,5})?$/),
    });
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 5 }), fc.nat(60), fc.nat(20), (places, start, length) => {
        const lines = places.map(({ x, y, angle, words }) => {
          const { box, letters } = line(words, x, y);
          return { box: { ...box, angle }, letters };
        });
        const transcript = transcriptOf(lines, 0.5);
        expect(transcript.places).toHaveLength(transcript.text.length);
        const region = regionOf(transcript, frame, [start, start + length]) ?? regionOf(transcript, frame);
        expect(region).toBeDefined();
        for (const value of Object.values(region ?? {})) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
        expect((region?.x ?? 0) + (region?.width ?? 0)).toBeLessThanOrEqual(1 + 1e-9);
        expect((region?.y ?? 0) + (region?.height ?? 0)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });
});
