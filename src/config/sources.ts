import { pathText } from "../policy/mistakes.ts";
import { childOf, type Key } from "../policy/schema-places.ts";
import type { YamlFile } from "../policy/strict-yaml.ts";
import type { Overrides } from "./overrides.ts";

export interface Leaf {
  /** As in the file: `server.port`. */
  readonly key: string;
  readonly path: readonly Key[];
  /** A single value, a list, or an empty map. */
  readonly value: unknown;
}

/** Every setting that holds a value of its own; a list counts as one. */
export function leavesOf(settings: unknown, path: readonly Key[] = []): readonly Leaf[] {
  if (typeof settings === "object" && settings !== null && !Array.isArray(settings)) {
    const members = Object.entries(settings).filter(([, value]) => value !== undefined);
    if (members.length > 0) return members.flatMap(([key, value]) => leavesOf(value, [...path, key]));
  }
  return [{ key: pathText(path), path, value: settings }];
}

/** By the key of each leaf: `default`, `safelight.yaml:12`, `env PORT` or `flag --port`. */
export function sourcesOf(settings: unknown, yaml: YamlFile, given: Overrides): ReadonlyMap<string, string> {
  const overridden: Readonly<Record<string, string | undefined>> = {
    "server.host": given.host?.source,
    "server.port": given.port?.source,
    data: given.data?.source,
  };
  return new Map(
    leavesOf(settings).map(({ key, path }) => {
      const written = path.reduce(childOf, yaml.value) !== undefined;
      const inFile = () => `${yaml.file}:${yaml.place(path, "key").line}`;
      // the only setting of which the file goes before the environment
      const fallback = key === "database.from_env" ? (given.database?.source ?? "default") : "default";
      return [key, overridden[key] ?? (written ? inFile() : fallback)];
    }),
  );
}
