import fc, { type Arbitrary } from "fast-check";
import { z } from "zod";
import { HeatSchema } from "../../src/contract/report.ts";

/** Everything that a schema admits, so far as the contract's schemas go: what a test is not told of, it throws on. */
export function arbitraryOf<T>(schema: z.ZodType<T>): Arbitrary<T> {
  return build(schema) as Arbitrary<T>; // each case below makes what its schema says
}

function build(schema: z.core.$ZodType): Arbitrary<unknown> {
  if (schema === HeatSchema) return heat();
  if (schema instanceof z.ZodObject) {
    const required = Object.keys(schema.shape).filter((key) => !(schema.shape[key] instanceof z.ZodOptional));
    return fc.record(mapValues(schema.shape, build), { requiredKeys: required, noNullPrototype: true });
  }
  if (schema instanceof z.ZodOptional) return build(schema.def.innerType);
  if (schema instanceof z.ZodNullable) return fc.option(build(schema.def.innerType));
  if (schema instanceof z.ZodArray) return fc.array(build(schema.def.element), { maxLength: 3 });
  if (schema instanceof z.ZodTuple) return fc.tuple(...schema.def.items.map(build));
  if (schema instanceof z.ZodUnion) return fc.oneof(...schema.def.options.map(build));
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values);
  if (schema instanceof z.ZodISODateTime) return instant();
  if (schema instanceof z.ZodString) return text(schema);
  if (schema instanceof z.ZodNumber) return number(schema);
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  throw new Error(`arbitraryOf: ${schema._zod.def.type} is new here`);
}

/** Its number of values follows from the others. */
function heat(): Arbitrary<z.infer<typeof HeatSchema>> {
  const side = fc.integer({ min: 1, max: 4 });
  return fc.tuple(side, side).chain(([columns, rows]) => {
    const cells = columns * rows;
    const values = fc.array(number(z.number().min(0).max(1)), { minLength: cells, maxLength: cells });
    return fc.record({ columns: fc.constant(columns), rows: fc.constant(rows), values });
  });
}

function instant(): Arbitrary<string> {
  return fc
    .tuple(fc.date({ min: new Date(0), max: new Date("2200-01-01"), noInvalidDate: true }), fc.boolean())
    .map(([date, whole]) => (whole ? date.toISOString().replace(/\.\d+Z$/, "Z") : date.toISOString()));
}

/** Any UTF-16, lone surrogates and NUL among it, unless the schema has a pattern. */
function text(schema: z.ZodString): Arbitrary<string> {
  for (const { _zod } of schema.def.checks ?? []) {
    if ("pattern" in _zod.def && _zod.def.pattern instanceof RegExp) {
      return fc.stringMatching(_zod.def.pattern);
    }
  }
  return fc.string({ unit: "binary", maxLength: 20 }).map((it) => `${it}\ud800\u0000`);
}

function number(schema: z.ZodNumber): Arbitrary<number> {
  const min = schema.minValue ?? Number.NEGATIVE_INFINITY;
  const max = schema.maxValue ?? Number.POSITIVE_INFINITY;
  if (schema.format === "safeint") {
    return fc.integer({ min: Math.max(min, -(2 ** 53) + 1), max: Math.min(max, 2 ** 53 - 1) });
  }
  return fc
    .double({ min: Math.max(min, -1e300), max: Math.min(max, 1e300), noNaN: true })
    .map((value) => (value === 0 ? 0 : value)); // JSON knows no -0
}

function mapValues<V, W>(of: Readonly<Record<string, V>>, make: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, make(value)]));
}
