import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countProblems, problemLines } from "../../src/training/data/problems.ts";
import { gather, gatherFor } from "../../src/training/dataset.ts";
import { multiClassCsv, multiLabelCsv, parsed } from "./fixtures.ts";

const kinds = (problems: readonly { line: number; kind: string }[]) => problems.map(({ line, kind }) => [line, kind]);

describe("formats are found out", () => {
  test.each([
    ["multi-class", "A,x\nB,y\n"],
    ["multi-class", "\ufeffA,x\nB,y\n"],
    ["multi-label", "A|B,x\nB,y\n"],
    ["jsonl", '\n{"text": "x", "labels": {"a": 1}}\n'],
    ["jsonl", '{"text": "x", "source": "survey", "labels": {"a": 1}}\n'],
    ["manifest", '{"source": "x", "job": 1, "job-metadata": {"class-name": "A"}}\n'],
  ])("%s", (format, text) => {
    const read = parsed(text);
    expect(read.format).toBe(format);
    expect(read.problems).toEqual([]);
    expect(read.rows[0]?.has[0]?.toLowerCase()).toBe("a");
  });

  test("one class with the delimiter in its name does not make a file multi-label", () => {
    expect(parsed(`${"A,x\n".repeat(1_000)}A|B,y\n`).format).toBe("multi-class");
  });

  test("another delimiter, and a format that is named", () => {
    const { rows } = parsed("A;B,x\n", { delimiter: ";" });
    expect(rows[0]?.has).toEqual(["A", "B"]);
    expect(parsed("A|B,x\n", { format: "multi-class" }).rows[0]?.has).toEqual(["A|B"]);
  });

  test("a manifest: one class, several, none, and what cannot be used", () => {
    const lines = [
      { source: "one", job: [0, 2], "job-metadata": { "class-map": { 0: "sea", 2: "garage" } } },
      { source: "none", job: [], "job-metadata": { "class-map": {} } },
      { source: "failed", job: -1, "job-metadata": { "failure-reason": "…" } },
      { "source-ref": "s3://bucket/key", job: 0, "job-metadata": { "class-name": "sea" } },
    ];
    const read = parsed(lines.map((line) => JSON.stringify(line)).join("\n"));
    expect(read.mode).toBe("multi-label");
    expect(read.rows.map(({ has }) => has)).toEqual([["sea", "garage"], []]);
    expect(kinds(read.problems)).toEqual([
      [3, "no_label"],
      [4, "shape"],
    ]);
  });

  test("a manifest with two label attributes asks which", () => {
    const line = { source: "x", a: 0, "a-metadata": { "class-name": "A" }, b: 0, "b-metadata": { "class-name": "B" } };
    const text = JSON.stringify(line);
    expect(() => parsed(text)).toThrow(/--attribute: must name the label attribute; the file has a, b/);
    expect(parsed(text, { attribute: "b" }).rows[0]?.has).toEqual(["B"]);
  });

  test("UTF-16 is refused with the remedy", () => {
    expect(() => parsed(Buffer.from("\ufeffA,x", "utf16le"))).toThrow(/iconv/);
  });
});

describe("rows that cannot be used", () => {
  test("each is told with its line, and none is used", () => {
    const text = ["A,fine", "A", "A,b,c", "A,   ", ",text", `A,${"x".repeat(10_001)}`, `${"L".repeat(5_001)},x`].join(
      "\n",
    );
    const { rows, problems, total } = parsed(text);
    expect(rows.map(({ line }) => line)).toEqual([1]);
    expect(total).toBe(7);
    expect(kinds(problems).sort()).toEqual([
      [2, "columns"],
      [3, "columns"],
      [4, "empty_text"],
      [5, "empty_label"],
      [6, "oversized"],
      [7, "long_label"],
    ]);
  });

  test("the limit counts bytes of UTF-8, not characters", () => {
    expect(parsed("A,ééé\n", { maxBytes: 6 }).problems).toEqual([]);
    expect(parsed("A,ééé\n", { maxBytes: 5 }).problems).toEqual([{ line: 1, kind: "oversized", detail: "6 bytes" }]);
  });

  test("JSON lines: not JSON, not an object, wrong fields, no label", () => {
    const text = [
      '{"text":"x","labels":{"a":1}}',
      "{oops",
      "[1]",
      '{"text":5}',
      '{"text":"x","labels":{"a":null}}',
    ].join("\n");
    expect(kinds(parsed(text).problems)).toEqual([
      [2, "not_json"],
      [3, "not_json"],
      [4, "shape"],
      [5, "no_label"],
    ]);
  });

  test("any lines of JSON are accounted for", () => {
    fc.assert(
      fc.property(fc.array(fc.json()), (lines) => {
        const { total } = parsed(lines.join("\n"), { format: "jsonl" });
        expect(total).toBe(lines.length);
      }),
    );
  });

  test("the same text twice: same classes once, other classes not at all", () => {
    const csv = `${multiClassCsv(40, ["sea", "garage"])}SEA,twice\nSEA, twice \nSEA,both\nGARAGE,both\n`;
    const { dataset, problems } = gather(parsed(csv));
    expect(kinds(problems)).toEqual([
      [42, "duplicate"],
      [43, "conflict"],
      [44, "conflict"],
    ]);
    expect(dataset.texts).toHaveLength(41);
    expect(dataset.texts).not.toContain("both");
  });

  test("partly labelled rows with the same text complete each other, unless they contradict", () => {
    const row = (text: string, labels: object) => `${JSON.stringify({ text, labels })}\n`;
    const base = Array.from({ length: 24 }, (_, i) => row(`text ${i}`, { a: i % 2, b: (i + 1) % 2 })).join("");
    const more = row("same", { a: 1 }) + row("same", { b: 0 }) + row("clash", { a: 1 }) + row("clash", { a: 0 });
    const { dataset, problems } = gather(parsed(base + more));
    expect(problems.map(({ kind }) => kind)).toEqual(["duplicate", "conflict", "conflict"]);
    expect([...dataset.targets.slice(-2)]).toEqual([1, 0]);
  });

  test("a class with too few examples is left out with its rows", () => {
    const { dataset, problems, warnings } = gather(
      parsed(`${multiClassCsv(40, ["sea", "garage"])}RARE,one of a kind\n`),
    );
    expect(dataset.classes).toEqual(["GARAGE", "SEA"]);
    expect(problems).toEqual([{ line: 41, kind: "few_examples", detail: '"RARE" has 1, at least 10 are needed' }]);
    expect(warnings).toHaveLength(2);
  });

  test("fewer than two classes cannot be trained", () => {
    expect(() => gather(parsed("A,x\nA,y\n"))).toThrow(/too few classes/);
  });

  test("absent labels are unknown, not 0", () => {
    const lines = Array.from({ length: 30 }, (_, i) => {
      const labels = i < 20 ? { a: i % 2, b: (i >> 1) % 2 } : { a: 1 };
      return JSON.stringify({ text: `text ${i}`, labels });
    });
    const { dataset } = gather(parsed(lines.join("\n")));
    expect([...dataset.targets.slice(-2)]).toEqual([1, -1]);
  });

  test("classes that a model does not know are told", () => {
    const { dataset, problems } = gatherFor(parsed("SEA,x\nSPACE,y\n"), "multi-class", ["GARAGE", "SEA"]);
    expect(dataset.texts).toEqual(["x"]);
    expect(problems).toEqual([{ line: 2, kind: "unknown_class", detail: '"SPACE"' }]);
  });

  test("problems are counted by kind, and listed one a line without any text", () => {
    const { problems } = parsed("A,secret,words\nA\nA,\n");
    expect(countProblems(problems).map(({ kind, rows, lines }) => [kind, rows, lines])).toEqual([
      ["columns", 2, [1, 2]],
      ["empty_text", 1, [3]],
    ]);
    expect(problemLines(problems)).not.toContain("secret");
    expect(problemLines(problems).trim().split("\n")).toHaveLength(3);
  });
});

test("classes of a multi-label file", () => {
  const { dataset } = gather(parsed(multiLabelCsv(160)));
  expect(dataset.classes).toEqual(["CLEAN", "garage", "kitchen", "sea"]);
});
