import { afterAll, beforeAll, expect, test } from "vitest";
import { seeds } from "../pictures/seeds.ts";
import { type Judge, openJudge } from "./judge.ts";
import { caseOf, type Seeds } from "./mutate.ts";
import { Random } from "./random.ts";

/** `npm run fuzz` judges tens of thousands. */
const CASES = 600;
const SEED = 20_261_126;

let originals: Seeds;
let judge: Judge;
beforeAll(async () => {
  originals = await seeds();
  judge = await openJudge();
});
afterAll(() => judge.close());

test("mutated pictures of every format are judged whole, or unknown with the cause", async () => {
  const outcomes = { judged: 0, unreadable: 0, "too large": 0 };
  for (let index = 0; index < CASES; index++) {
    const one = caseOf(new Random(SEED, index), originals);
    try {
      outcomes[await judge.judge(one, originals)] += 1;
    } catch (error) {
      throw new Error(`case ${index} of seed ${SEED} (${one.name}): ${error instanceof Error ? error.message : error}`);
    }
  }
  expect(outcomes.judged).toBeGreaterThan(CASES / 20);
  expect(outcomes.unreadable).toBeGreaterThan(CASES / 3);
  expect(outcomes["too large"]).toBeGreaterThan(0);
}, 300_000);

test("a case can be made again from two numbers, and hardly any is like another", () => {
  const bytesOf = (index: number) => caseOf(new Random(7, index), originals).bytes;
  const made = new Set(Array.from({ length: 200 }, (_, i) => bytesOf(i).toString("base64")));
  expect(made.size).toBeGreaterThan(190);
  expect(bytesOf(123).equals(bytesOf(123))).toBe(true);
});

test("the checker notices a picture that is not its seed's, and a file that is none", async () => {
  const jpeg = originals["jpeg"] as Buffer; // one of the seeds
  const one = { name: "", bytes: originals["jpeg, grey"] as Buffer, sameAs: "jpeg" };
  await expect(judge.judge(one, originals)).rejects.toThrow(/differs from its seed's/);
  expect(await judge.judge({ name: "", bytes: jpeg, sameAs: "jpeg" }, originals)).toBe("judged");
  expect(await judge.judge({ name: "", bytes: Buffer.from("none"), sameAs: undefined }, originals)).toBe("unreadable");
});
