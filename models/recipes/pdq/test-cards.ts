/**
 * Makes policies/hashes/test-cards.txt: the PDQ hashes of the test cards with score 1 that sketch draws, one for each built-in
 * category and shape.
 *
 *   node models/recipes/pdq/test-cards.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUILT_IN_CATEGORIES } from "../../../src/contract/categories.ts";
import { entryText } from "../../../src/detectors/image/hashes/entry.ts";
import { pdqOf } from "../../../src/models/pdq/pdq.ts";
import { testCard } from "./pictures.ts";

const LIST = join(import.meta.dirname, "../../../policies/hashes/test-cards.txt");

/** The letters of a card change with its shape, and so does its hash; with its size they do not. */
const SHAPES = [
  [512, 512],
  [768, 512],
  [512, 768],
] as const;

const HEAD = `# Safelight's own test cards, to try hash lists with: docs/detectors/hashes.md.
# Made by models/recipes/pdq/test-cards.ts.
# name: test-cards
`;

const lines: string[] = [];
for (const category of BUILT_IN_CATEGORIES) {
  for (const [width, height] of SHAPES) {
    const { rgb } = await testCard(category, 1, width, height);
    const pdq = await pdqOf(rgb, width, height);
    if (!pdq) throw new Error(`${category}: no hash`);
    const note = `test card, ${width} × ${height}`;
    lines.push(entryText({ kind: "pdq", words: pdq.hash, category, note }));
  }
}
writeFileSync(LIST, `${HEAD}${lines.join("\n")}\n`);
