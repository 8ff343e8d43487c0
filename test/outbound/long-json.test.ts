import fc from "fast-check";
import { expect, test } from "vitest";
import { LongText, parseLongJson } from "../../src/outbound/long-json.ts";

const LONG = "QUJD".repeat(20_000);

/** With long texts as strings again. */
function whole(value: unknown): unknown {
  if (value instanceof LongText) return Buffer.concat(value.pieces).toString("latin1");
  if (Array.isArray(value)) return value.map(whole);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, whole(each)]));
}

/** Cut at these places, which are fractions of the length. */
function inPieces(body: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => Math.round(cut * body.length)).toSorted((a, b) => a - b), body.length];
  return places.slice(1).map((end, i) => body.subarray(places[i], end));
}

test.each<[string, unknown]>([
  ["a string alone", LONG],
  ["strings in lists and members", [{ b64_json: LONG, more: [LONG, LONG] }, LONG, 1, null]],
  ["a member's name that is long", { [LONG]: LONG, b: { [LONG]: [] } }],
  ["strings with escapes", { a: `${LONG}"`, b: `\\${LONG}`, c: `${LONG}\\`, d: '"', e: LONG }],
  ["strings that are not ASCII", { a: `${LONG}é`, b: `\u{1f3a8}${LONG}`, c: LONG }],
  ["a short body", { a: "é" }],
])("%s are read as JSON.parse reads them", (_name, value) => {
  for (const text of [JSON.stringify(value), JSON.stringify(value, null, "\t")])
    expect(whole(parseLongJson([Buffer.from(text)]))).toEqual(JSON.parse(text));
});

test("only long strings of plain ASCII are left in the body, wherever it lies in its buffer", () => {
  const body = Buffer.from(JSON.stringify({ long: LONG, short: "QUJD", escaped: `${LONG}\n`, other: `${LONG}é` }));
  const value = parseLongJson([Buffer.concat([Buffer.alloc(5), body]).subarray(5)]);
  expect(value).toEqual({
    long: new LongText([Buffer.from(LONG)]),
    short: "QUJD",
    escaped: `${LONG}\n`,
    other: `${LONG}é`,
  });
});

test.each([
  ["is cut off in a long string", `{"a": "${LONG}`],
  ["is cut off after it", `{"a": "${LONG}"`],
  ["has no colon", `{"a" "${LONG}"}`],
  ["goes on after its end", `{"a": "${LONG}"} x`],
  ["is nothing", " ".repeat(100_000)],
])("a body that %s is no JSON", (_name, text) => {
  expect(() => parseLongJson([Buffer.from(text)])).toThrow(SyntaxError);
});

test("a string that looks like what stands for a long one stays as it is", () => {
  const value = { a: LONG, b: "long:0", c: "long:00000000-0000-0000-0000-000000000000:0" };
  expect(whole(parseLongJson([Buffer.from(JSON.stringify(value))]))).toEqual(value);
});

test("however a body is cut into pieces, it is the same", () => {
  const texts = fc.constantFrom(LONG, `${LONG}"`, `${LONG}\\`, `\\"${LONG}`, `é${LONG}`, "short", '\\\\"', "");
  const values = fc.array(fc.oneof(texts, fc.dictionary(texts, texts, { maxKeys: 2 })), { maxLength: 4 });
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
  fc.assert(
    fc.property(values, cuts, fc.boolean(), (value, at, spaced) => {
      const body = Buffer.from(JSON.stringify(value, null, spaced ? 1 : 0));
      expect(whole(parseLongJson(inPieces(body, at)))).toEqual(JSON.parse(body.toString()));
    }),
    { numRuns: 200 },
  );
});

test("cut at any of its bytes, a body is the same", () => {
  const value = { "a\\": `${LONG}`, b: '\\"', c: "é" };
  const body = Buffer.from(JSON.stringify(value, null, " "));
  const ends = [...Array(40).keys()].flatMap((i) => [i, body.length - i]);
  for (const first of ends)
    for (const second of ends)
      expect(whole(parseLongJson(inPieces(body, [first / body.length, second / body.length])))).toEqual(value);
});
