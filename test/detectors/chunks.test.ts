import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chunked, inspectChunks, LENGTHS } from "../../src/detectors/vendors/chunks.ts";

const MEASURES = {
  codePoints: (text: string) => [...text].length,
  utf8Bytes: (text: string) => Buffer.byteLength(text),
} as const;
const never = new AbortController().signal;

describe("a text in chunks", () => {
  test("is one chunk when it fits, also when it is empty", () => {
    for (const text of ["", "a", "x".repeat(100), "🦊".repeat(100)])
      expect(chunked(text, 100, LENGTHS.codePoints)).toEqual([{ text, start: 0, end: text.length }]);
  });

  test.each(["codePoints", "utf8Bytes"] as const)(
    "is covered whole, within the limit, with whole characters, and overlapping, counted in %s",
    (measure) => {
      const text = fc.string({ unit: fc.constantFrom("a", "é", "語", "🦊", " ", "\n"), maxLength: 400 });
      fc.assert(
        fc.property(text, fc.integer({ min: 8, max: 120 }), (whole, most) => {
          const chunks = chunked(whole, most, LENGTHS[measure]);
          expect(chunks[0]?.start).toBe(0);
          expect(chunks.at(-1)?.end).toBe(whole.length);
          chunks.forEach(({ text: part, start, end }, i) => {
            expect(part).toBe(whole.slice(start, end));
            expect(part.isWellFormed()).toBe(true);
            expect(MEASURES[measure](part)).toBeLessThanOrEqual(most);
            const next = chunks[i + 1];
            if (!next) return;
            expect(next.start).toBeGreaterThan(start);
            expect(next.start).toBeLessThanOrEqual(end);
            expect(next.end).toBeGreaterThan(end);
          });
        }),
      );
    },
  );

  test("has every short phrase whole in one of its chunks", () => {
    fc.assert(
      fc.property(fc.nat(900), (at) => {
        const text = `${"x ".repeat(500).slice(0, at)}bad words${" y".repeat(500)}`;
        const chunks = chunked(text, 200, LENGTHS.codePoints);
        expect(chunks.some((chunk) => chunk.text.includes("bad words"))).toBe(true);
      }),
    );
  });

  test("is told of as a whole: the worst chunk for each label, spans moved to where they are in the text", async () => {
    const text = "0123456789".repeat(3);
    const chunks = [
      { text: text.slice(0, 10), start: 0, end: 10 },
      { text: text.slice(10, 20), start: 10, end: 20 },
      { text: text.slice(20), start: 20, end: 30 },
    ];
    const findings = await inspectChunks(
      chunks,
      async ({ start }) => [
        { category: "hate", score: start === 10 ? 0.9 : 0.2, label: "a" },
        { category: "hate", score: start / 100, label: "b", evidence: { span: [1, 3] } },
      ],
      never,
    );
    expect(findings).toEqual([
      { category: "hate", score: 0.9, label: "a", evidence: { span: [10, 20] } },
      { category: "hate", score: 0.2, label: "b", evidence: { span: [21, 23] } },
    ]);
  });

  test("of which one chunk cannot be judged cannot be judged, and the others are called off", async () => {
    const called: boolean[] = [];
    const chunks = chunked("a ".repeat(50), 50, LENGTHS.codePoints);
    const work = inspectChunks(
      chunks,
      ({ start }, signal) =>
        new Promise((_resolve, reject) => {
          if (start === 0) setTimeout(() => reject(new Error("down")), 10);
          else signal.addEventListener("abort", () => reject(new Error(`off ${called.push(true)}`)));
        }),
      never,
    );
    await expect(work).rejects.toThrow("down");
    expect(called).toHaveLength(chunks.length - 1);
  });
});
