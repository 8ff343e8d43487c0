import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvRecords } from "../../src/training/data/csv.ts";
import { parsed } from "./fixtures.ts";

function records(text: string | Uint8Array) {
  return [...csvRecords(typeof text === "string" ? Buffer.from(text) : text)];
}

function written(rows: readonly (readonly string[])[], lineBreak: string): string {
  return rows.map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(",") + lineBreak).join("");
}

describe("CSV", () => {
  test("quotes, commas, line breaks and doubled quotes inside quotes", () => {
    expect(records('A,"one, ""two""\r\nthree"\r\nB,four\n')).toEqual([
      { line: 1, fields: ["A", 'one, "two"\r\nthree'] },
      { line: 3, fields: ["B", "four"] },
    ]);
  });

  test("a quote inside an unquoted field is an ordinary character", () => {
    expect(records('A,5" disk "new"\n')).toEqual([{ line: 1, fields: ["A", '5" disk "new"'] }]);
  });

  test("blank lines are skipped and counted; the last line needs no break", () => {
    expect(records("A,x\n\n\r\nB,y")).toEqual([
      { line: 1, fields: ["A", "x"] },
      { line: 4, fields: ["B", "y"] },
    ]);
  });

  test("a quote that is never closed costs its own line only", () => {
    expect(records('A,"lost\nB,y\nC,z\n')).toEqual([
      { line: 1, problem: "unclosed_quote" },
      { line: 2, fields: ["B", "y"] },
      { line: 3, fields: ["C", "z"] },
    ]);
  });

  test("text after a closing quote is told, and the next line is read", () => {
    expect(records('A,"x" y\nB,z\n')).toEqual([
      { line: 1, problem: "quoting" },
      { line: 2, fields: ["B", "z"] },
    ]);
  });

  test("bytes that are not UTF-8 cost their own row only", () => {
    expect(records(Buffer.from([0x41, 0x2c, 0xff, 0xfe, 0x0a, 0x42, 0x2c, 0x79, 0x0a]))).toEqual([
      { line: 1, problem: "encoding" },
      { line: 2, fields: ["B", "y"] },
    ]);
  });

  test("whatever is written comes back, with lines that are right", () => {
    const field = fc.string({ unit: fc.oneof(fc.constantFrom('"', ",", "\n", "\r", " ", "é", "🦊"), fc.string()) });
    fc.assert(
      fc.property(
        fc.array(fc.array(field, { minLength: 1, maxLength: 4 })),
        fc.constantFrom("\n", "\r\n"),
        (rows, lb) => {
          const whole = rows.map((row) => row.map((each) => each.toWellFormed()));
          const read = records(written(whole, lb));
          expect(read.map((record) => ("fields" in record ? record.fields : record.problem))).toEqual(whole);
          let line = 1;
          for (const [i, record] of read.entries()) {
            expect(record.line).toBe(line);
            line += (written([whole[i] ?? []], lb).match(/\n/g) ?? []).length;
          }
        },
      ),
    );
  });

  test("no bytes at all make it fail, and every row is accounted for", () => {
    const nasty = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .string({ unit: fc.constantFrom('"', ",", "\n", "\r", "A", "|", "{", "\u0000") })
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(nasty, (bytes) => {
        const all = records(bytes);
        expect(all.every(({ line }, i) => line > (all[i - 1]?.line ?? 0))).toBe(true);
        if (bytes[0] === 0xff || bytes[0] === 0xfe) return;
        const { total, rows, problems } = parsed(bytes, { format: "multi-class" });
        expect(total).toBe(rows.length + problems.length);
        expect(total).toBe(all.length);
      }),
      { numRuns: 500 },
    );
  });
});
