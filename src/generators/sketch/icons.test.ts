import { expect, test } from "vitest";
import { IconSet } from "./icons.ts";
import { iconsOfLexicon } from "./lexicon/lexicon.ts";
import { DRAWN } from "./paint/drawn.ts";
import { iconsOfScenery } from "./picture.ts";

const names = new Set([...iconsOfLexicon(), ...iconsOfScenery()]);

test("every icon that is named exists, in the set or among the drawings", async () => {
  const bodies = await new IconSet(names).load();
  expect([...names].filter((name) => !bodies.has(name) && !DRAWN.has(name))).toEqual([]);
});

test("an icon is measured: where its paint is, and its main colour", async () => {
  const icons = await new IconSet(names).get(["automobile", "hot-air-balloon", "no such icon"], DRAWN);
  expect([...icons.keys()]).toEqual(["automobile", "hot-air-balloon"]);
  const car = icons.get("automobile");
  expect(car?.width).toBeGreaterThan(car?.height ?? 99);
  expect(car?.main).toBe("#f8312f");
});
