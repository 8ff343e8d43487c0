import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf, Recent } from "./recent.ts";

const command = fc.record({
  act: fc.constantFrom("get" as const, "set" as const),
  key: fc.nat(12).map(String),
  value: fc.string({ maxLength: 60 }),
  later: fc.nat(400),
});

/** Kept in the order of use, written so that nothing can be wrong with it. */
class Model {
  entries: { key: string; value: string; until: number }[] = [];
  readonly bytes = () => this.entries.reduce((sum, { key, value }) => sum + bytesOf(key, value), 0);
}

test("holds what a list in the order of use would hold, and never more than its limits", () => {
  fc.assert(
    fc.property(
      fc.array(command, { maxLength: 120 }),
      fc.record({ entries: fc.integer({ min: 1, max: 8 }), bytes: fc.integer({ min: 100, max: 2_000 }) }),
      (commands, { entries, bytes }) => {
        let now = 0;
        const recent = new Recent({ entries, bytes, seconds: 1 }, () => now);
        const model = new Model();
        for (const { act, key, value, later } of commands) {
          now += later;
          const found = model.entries.find((entry) => entry.key === key);
          model.entries = model.entries.filter((entry) => entry !== found);
          if (act === "get") {
            const good = found && found.until > now ? found : undefined;
            expect(recent.get(key)).toBe(good?.value);
            if (good) model.entries.push(good);
          } else {
            recent.set(key, value);
            if (bytesOf(key, value) <= bytes) model.entries.push({ key, value, until: now + 1_000 });
            while (model.entries.length > entries || model.bytes() > bytes) model.entries.shift();
          }
          expect([recent.size, recent.bytes]).toEqual([model.entries.length, model.bytes()]);
          expect(recent.size).toBeLessThanOrEqual(entries);
          expect(recent.bytes).toBeLessThanOrEqual(bytes);
        }
      },
    ),
  );
});

test("the one that was not used for longest goes first; reading is using", () => {
  const recent = new Recent({ entries: 2, bytes: 10_000, seconds: 60 });
  recent.set("a", "1");
  recent.set("b", "2");
  expect(recent.get("a")).toBe("1");
  recent.set("c", "3");
  expect([recent.get("a"), recent.get("b"), recent.get("c")]).toEqual(["1", undefined, "3"]);
});

test("reading does not make it last longer", () => {
  let now = 0;
  const recent = new Recent({ entries: 2, bytes: 10_000, seconds: 10 }, () => now);
  recent.set("a", "1");
  now = 9_999;
  expect(recent.get("a")).toBe("1");
  now = 10_000;
  expect(recent.get("a")).toBeUndefined();
  expect([recent.size, recent.bytes]).toEqual([0, 0]);
});

test("what is larger than the whole room is not kept, and throws nothing else out", () => {
  const recent = new Recent({ entries: 10, bytes: 300, seconds: 60 });
  recent.set("a", "1");
  recent.set("b", "x".repeat(200));
  expect([recent.get("a"), recent.get("b")]).toEqual(["1", undefined]);
});
