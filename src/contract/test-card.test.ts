import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BUILT_IN_CATEGORIES, type Category, isCategory } from "./categories.ts";
import { readTestCard, TEST_CARD_GRID, type TestCard, testCardCells } from "./test-card.ts";

const { columns } = TEST_CARD_GRID;

const customs = fc
  .stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  .map((name) => `custom:${name}`)
  .filter(isCategory);
const cards = fc.oneof(
  fc.record({
    kind: fc.constant("score" as const),
    category: fc.oneof(fc.constantFrom<Category>(...BUILT_IN_CATEGORIES), customs),
    score: fc.integer({ min: 0, max: 10_000 }).map((step) => step / 10_000),
  }),
  fc.constant<TestCard>({ kind: "error" }),
);

function reader(cells: readonly boolean[], asked?: Set<number>) {
  return (column: number, row: number) => {
    const cell = row * columns + column;
    asked?.add(cell);
    return cells[cell] === true ? 230 : 20;
  };
}

describe("a test card", () => {
  test("is read back exactly, for every category and score", () => {
    fc.assert(
      fc.property(cards, (card) => {
        expect(readTestCard(reader(testCardCells(card)))).toEqual(card);
      }),
    );
  });

  test("survives any eight cells read wrongly, where the category is built in", () => {
    const damage = fc.uniqueArray(fc.integer({ min: 76, max: 479 }), { maxLength: 8 });
    fc.assert(
      fc.property(fc.constantFrom(...BUILT_IN_CATEGORIES), damage, (category, wrong) => {
        const card = { kind: "score", category, score: 0.5 } as const;
        const cells = testCardCells(card).map((white, cell) => white !== wrong.includes(cell));
        const read = readTestCard(reader(cells));
        expect(read === undefined || JSON.stringify(read) === JSON.stringify(card)).toBe(true);
      }),
    );
  });

  test("a changed cell never turns one card into another", () => {
    fc.assert(
      fc.property(cards, fc.uniqueArray(fc.integer({ min: 0, max: 479 }), { maxLength: 120 }), (card, wrong) => {
        const cells = testCardCells(card).map((white, cell) => white !== wrong.includes(cell));
        const read = readTestCard(reader(cells));
        if (read) expect(read).toEqual(card);
      }),
    );
  });

  test("noise is no card", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 480, maxLength: 480 }), (cells) => {
        expect(readTestCard(reader(cells))).toBeUndefined();
      }),
      { numRuns: 2_000 },
    );
  });

  test("a flat picture is given up after sixteen cells", () => {
    const asked = new Set<number>();
    const white = Array.from({ length: 480 }, () => true);
    expect(readTestCard(reader(white, asked))).toBeUndefined();
    expect(asked.size).toBe(16);
  });

  test("shows no runs of one colour that would look like a plain bar", () => {
    const cells = testCardCells({ kind: "score", category: "violence", score: 0.9 });
    const white = cells.filter(Boolean).length / cells.length;
    expect(white).toBeGreaterThan(0.35);
    expect(white).toBeLessThan(0.65);
  });
});
