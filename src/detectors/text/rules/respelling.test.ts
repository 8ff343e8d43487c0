import fc from "fast-check";
import { expect, test } from "vitest";
import { respelt, respeltWeights } from "./respelling.ts";
import { Sieve, weigh } from "./sieve.ts";

const word = fc.string({ unit: fc.constantFrom(..."abcdefghiklmnopqrstuvwxyz"), minLength: 1, maxLength: 14 });

test("the weights of all respellings are those of the words they spell", () => {
  fc.assert(
    fc.property(word, (one) => {
      const weights: [number, number][] = [];
      respeltWeights(one, weigh(one), (first, weight) => weights.push([first, weight]));
      expect(weights).toEqual(respelt(one).map((other) => [other.charCodeAt(0), weigh(other)]));
    }),
  );
});

test.each([
  ["quince", ["qvince", "qulnce", "quynce"]],
  ["cuckoos", ["kukkoos", "cukoos", "cuxoos", "cuckooz", "cvckoos"]],
  ["dolphin", ["clolphin", "dolfin", "dolphln", "dolphyn"]],
])("%s in other letters", (one, others) => {
  expect(respelt(one)).toEqual(expect.arrayContaining(others));
});

test("a sieve holds back every word put into it, in whatever order its letters are", () => {
  fc.assert(
    fc.property(word, (one) => {
      const sieve = new Sieve();
      sieve.put(one.charCodeAt(0), weigh(one));
      const turned = one.charAt(0) + [...one.slice(1)].reverse().join("");
      expect(sieve.holds(turned.charCodeAt(0), weigh(turned))).toBe(true);
      expect(sieve.holds(turned.toUpperCase().charCodeAt(0), weigh(turned.toUpperCase()))).toBe(true);
    }),
  );
});
