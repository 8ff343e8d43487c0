import type { z } from "zod";

export type Key = string | number;

/** What a schema allows at one place of a value, as far as it can be listed. */
export interface Allowed {
  readonly keys: ReadonlySet<string>;
  readonly values: ReadonlySet<string>;
}

/** What may stand at `path`: the keys of objects and of records, and the values of enums and literals. */
export function allowedAt(root: z.core.$ZodType, value: unknown, path: readonly Key[]): Allowed {
  let schemas = branches(root, value);
  let here = value;
  for (const key of path) {
    const child = childOf(here, key);
    schemas = schemas.flatMap((schema) => step(schema, key)).flatMap((schema) => branches(schema, child));
    here = child;
  }
  return collect(schemas);
}

export function childOf(value: unknown, key: Key): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

function definition(schema: z.core.$ZodType): z.core.$ZodTypes["_zod"]["def"] {
  return (schema as z.core.$ZodTypes)._zod.def; // zod's own advice to authors of tools: every schema is one of $ZodTypes
}

/** Takes off the wrappers and opens the unions; a branch of a union whose literals contradict the value is left out. */
function branches(schema: z.core.$ZodType, value: unknown): readonly z.core.$ZodType[] {
  const def = definition(schema);
  switch (def.type) {
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "nonoptional":
    case "readonly":
    case "catch":
      return branches(def.innerType, value);
    case "pipe":
      return [...branches(def.in, value), ...branches(def.out, value)];
    case "lazy":
      return branches(def.getter(), value);
    case "intersection":
      return [...branches(def.left, value), ...branches(def.right, value)];
    case "union": {
      const open = def.options.flatMap((option) => branches(option, value));
      const fitting = open.filter((option) => !contradicts(option, value));
      return fitting.length > 0 ? fitting : open;
    }
    default:
      return [schema];
  }
}

/** Whether a literal in the shape, such as a `kind`, says that the value is meant for another branch. */
function contradicts(schema: z.core.$ZodType, value: unknown): boolean {
  const def = definition(schema);
  if (def.type !== "object") return false;
  return Object.entries(def.shape).some(([key, member]) => {
    const literals = collect(branches(member, undefined)).values;
    const given = childOf(value, key);
    return literals.size > 0 && typeof given === "string" && !literals.has(given);
  });
}

function step(schema: z.core.$ZodType, key: Key): readonly z.core.$ZodType[] {
  const def = definition(schema);
  switch (def.type) {
    case "object": {
      const member = def.shape[key] ?? def.catchall;
      return member === undefined ? [] : [member];
    }
    case "record":
      return [def.valueType];
    case "array":
      return [def.element];
    case "tuple": {
      const item = def.items[Number(key)] ?? def.rest;
      return item ? [item] : [];
    }
    default:
      return [];
  }
}

function collect(schemas: readonly z.core.$ZodType[]): Allowed {
  const keys = new Set<string>();
  const values = new Set<string>();
  for (const schema of schemas) {
    const def = definition(schema);
    switch (def.type) {
      case "object":
        for (const key of Object.keys(def.shape)) keys.add(key);
        break;
      case "record":
        for (const key of collect(branches(def.keyType, undefined)).values) keys.add(key);
        break;
      case "enum":
        for (const value of Object.values(def.entries)) values.add(String(value));
        break;
      case "literal":
        for (const value of def.values) values.add(String(value));
        break;
      default:
        break;
    }
  }
  return { keys, values };
}
