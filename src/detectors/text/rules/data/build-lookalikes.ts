/**
 * Makes lookalikes.generated.ts: by Latin letter, the characters that Unicode's UTS #39 confusables take for it. Read
 * through unhomoglyph (MIT), which packs confusables.txt (Unicode licence v3). Run: node src/detectors/text/rules/data/build-lookalikes.ts
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { foldCodePoint, foldKey } from "../fold.ts";

const confusables = createRequire(import.meta.url)("unhomoglyph/data.json") as Readonly<Record<string, string>>;
const table = new Map<string, Set<string>>();
for (const [char, prototype] of Object.entries(confusables)) {
  if ([...char].length > 1 || (char.codePointAt(0) ?? 0) < 128) continue;
  const letter = foldKey(prototype);
  if (!/^[a-z]$/.test(letter)) continue;
  const folded = foldCodePoint(char.codePointAt(0) ?? 0);
  if (typeof folded === "string" || String.fromCodePoint(...folded) === letter) continue;
  const others = table.get(letter) ?? new Set();
  table.set(letter, others.add(char));
}
const lines = [...table].sort().map(([letter, chars]) => `  ${letter}: ${JSON.stringify([...chars].sort().join(""))},`);
writeFileSync(
  path.join(import.meta.dirname, "lookalikes.generated.ts"),
  `// Made by build-lookalikes.ts from Unicode's confusables.txt (UTS #39), (c) Unicode, Inc., Unicode licence v3,
// as packed in the npm package unhomoglyph 1.0.6 (MIT). Do not edit.

/** By Latin letter: characters of other scripts that are taken for it. */
export const CONFUSABLES: Readonly<Record<string, string>> = {
${lines.join("\n")}
};
`,
);
