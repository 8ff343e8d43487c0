import { BUILT_IN_CATEGORIES, type BuiltInCategory, type Category } from "../contract/categories.ts";
import { SafelightError } from "../contract/errors.ts";

export interface Naming {
  /** By class: a built-in category. */
  readonly map: ReadonlyMap<string, BuiltInCategory>;
  /** Classes that stand for "nothing wrong". When absent, those that are commonly called so. */
  readonly safe?: readonly string[];
}

const SAFE =
  /^(?:safe(?:[ _-]?prompt)?|benign|harmless|clean|none|neutral|normal|ok|okay|ham|negative|other|no[nt][ _-].+|sfw|acceptable|allowed)$/i;

/** The category of each class; `null`: not reported, as it stands for "nothing wrong". */
export function categoriesFor(classes: readonly string[], { map, safe }: Naming): readonly (Category | null)[] {
  for (const name of [...map.keys(), ...(safe ?? [])]) {
    if (classes.includes(name)) continue;
    const known = classes.map((each) => JSON.stringify(each)).join(", ");
    throw new SafelightError("invalid_request", `there is no class ${JSON.stringify(name)}; there are ${known}`);
  }
  const taken = new Set<string>();
  const categories = classes.map((name): Category | null => {
    const mapped = map.get(name);
    if (mapped) return mapped;
    if (safe ? safe.includes(name) : SAFE.test(name)) return null;
    return `custom:${unused(slug(name), taken)}`;
  });
  if (categories.some((category) => category !== null)) return categories;
  throw new SafelightError("invalid_request", "every class is safe: there would be nothing to report; see --safe");
}

export function isBuiltIn(name: string): name is BuiltInCategory {
  return BUILT_IN_CATEGORIES.some((category) => category === name);
}

/** What may stand behind `custom:`; a name of which nothing is left, such as one in another script, becomes `class`. */
export function slug(name: string): string {
  const made = name
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "")
    .slice(0, 60);
  return made === "" ? "class" : made;
}

function unused(name: string, taken: Set<string>): string {
  let found = name;
  for (let n = 2; taken.has(found); n++) found = `${name}-${n}`;
  taken.add(found);
  return found;
}
