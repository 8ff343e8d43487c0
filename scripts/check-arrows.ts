/** Checks that imports run only the way architecture.md draws them: `node scripts/check-arrows.ts`, exit 1 when not. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, resolve } from "node:path";

interface Room {
  /** Rooms that it may import, besides itself. */
  readonly rooms: readonly string[];
  /** The only packages that it may import; left out: any. */
  readonly packages?: readonly string[];
  /** Of other rooms, only these files. */
  readonly only?: Readonly<Record<string, Part>>;
}

interface Part {
  readonly files: RegExp;
  readonly words: string;
}

const BASE = ["contract", "policy", "pipeline"];
const PARTS = [...BASE, "models", "store", "jobs", "detectors", "generators"];
const BELOW_APP = [...PARTS, "outbound", "dataset", "training", "config"];
const KINDS: Part = { files: /(?:^|\/)(?:table|options)\.ts$/, words: "tables and options" };
const SECRETS: Part = { files: /(?:^|\/)(?:secret|aws-options)\.ts$/, words: "secret.ts and aws-options.ts" };

/** Every room under `src/`. Nobody imports cli; only cli imports http. */
const ROOMS: Readonly<Record<string, Room>> = {
  contract: { rooms: [], packages: ["zod"] },
  policy: { rooms: ["contract"], packages: ["yaml", "zod", "node:crypto"] },
  pipeline: { rooms: ["contract", "policy"] },
  models: { rooms: BASE },
  outbound: { rooms: ["contract"] },
  store: { rooms: BASE },
  jobs: { rooms: BASE },
  detectors: { rooms: [...BASE, "models", "outbound"] },
  generators: { rooms: [...BASE, "models", "outbound"] },
  dataset: { rooms: [...PARTS, "outbound"] },
  training: { rooms: PARTS },
  config: {
    rooms: ["contract", "policy", "detectors", "generators", "outbound"],
    only: { detectors: KINDS, generators: KINDS, outbound: SECRETS },
  },
  app: { rooms: BELOW_APP },
  http: { rooms: [...BELOW_APP, "app"] },
  cli: { rooms: [...BELOW_APP, "app", "http"] },
};

/** Folders whose members must not know each other: each is one detector, one generator or one dialect. */
const SIBLINGS = ["src/detectors/text", "src/detectors/image", "src/generators", "src/http/dialects"];

interface Import {
  /** From the root of the repository, with `/`. */
  readonly from: string;
  readonly line: number;
  /** A file of the repository, or the name of a package. */
  readonly to: string;
  readonly kind: "file" | "package";
}

const STATIC =
  /^(?:import\s+(?:[^;"']*?\sfrom\s+)?|export\s+(?:type\s+)?(?:\*[^;"']*?|\{[^}]*\}\s*)from\s+)["']([^"']+)["']/gm;
const DYNAMIC = /^(?!\s*(?:\/\/|\*)).*?\bimport\(\s*["']([^"']+)["']\s*\)/gm;
const BARREL = /^export\s+(?:type\s+)?(?:\*|\{[^}]*\})[^;"']*from\s/m;

/** @returns one line for each arrow that runs the wrong way: empty when all is well */
export function checkArrows(root: string): readonly string[] {
  const files = ["src", "web/src"].flatMap((folder) => sourcesIn(root, folder));
  const imports = files.flatMap((file) => importsOf(root, file));
  const barrels = files
    .filter((file) => /(?:^|\/)index\.tsx?$/.test(file) && BARREL.test(readFileSync(join(root, file), "utf8")))
    .map((file) => `${file}:1 is a barrel: import from the files that it re-exports`);
  return [...imports.flatMap(wrongArrow), ...barrels, ...cycles(imports)];
}

function sourcesIn(root: string, folder: string): readonly string[] {
  if (!existsSync(join(root, folder))) return [];
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
    .sort();
}

function importsOf(root: string, from: string): readonly Import[] {
  const text = readFileSync(join(root, from), "utf8");
  return [STATIC, DYNAMIC]
    .flatMap((pattern) => [...text.matchAll(pattern)])
    .map((match) => {
      const name = match[1] ?? "";
      const end = match.index + match[0].length;
      const line = text.slice(0, end).split("\n").length;
      if (name.startsWith(".")) return { from, line, to: fileMeant(root, from, name), kind: "file" as const };
      const parts = name.split("/");
      const to = parts.slice(0, name.startsWith("@") ? 2 : 1).join("/");
      return { from, line, to, kind: "package" as const };
    })
    .sort((a, b) => a.line - b.line);
}

function fileMeant(root: string, from: string, name: string): string {
  const to = posix.join(dirname(from), name);
  const endings = ["", ".ts", ".tsx", "/index.ts", "/index.tsx"];
  return endings.map((ending) => to + ending).find((file) => /\.\w+$/.test(file) && existsSync(join(root, file))) ?? to;
}

function roomOf(file: string): string {
  const [top = "", room = ""] = file.split("/");
  return top === "src" ? room : top;
}

function wrongArrow({ from, line, to, kind }: Import): readonly string[] {
  const wrong = (rule: string) => [`${from}:${line} imports ${to}: ${rule}`];
  const own = roomOf(from);
  const other = roomOf(to);
  if (own === "web") {
    const outside = kind === "file" && other !== "web" && other !== "contract";
    return outside ? wrong("web may import nothing of src but contract") : [];
  }
  const room = ROOMS[own];
  if (!room) return [`${from}:${line}: there is no room "${own}" in the table of scripts/check-arrows.ts`];
  if (kind === "package") {
    const allowed = room.packages === undefined || room.packages.includes(to);
    return allowed ? [] : wrong(`${own} may import no package but ${room.packages?.join(", ")}`);
  }
  if (own === other) {
    const siblings = SIBLINGS.find((folder) => memberOf(folder, from) && memberOf(folder, to));
    const strangers = siblings && memberOf(siblings, from) !== memberOf(siblings, to);
    return strangers ? wrong(`${memberOf(siblings, from)} may not know its sibling ${memberOf(siblings, to)}`) : [];
  }
  if (!room.rooms.includes(other)) return wrong(`${own} may not import ${other}`);
  const only = room.only?.[other];
  return only === undefined || only.files.test(to) ? [] : wrong(`${own} may import only ${only.words} of ${other}`);
}

/** The folder right under `folder` that a file is in: which detector, which generator. */
function memberOf(folder: string, file: string): string | undefined {
  const rest = file.startsWith(`${folder}/`) ? file.slice(folder.length + 1).split("/") : [];
  return rest.length > 1 ? rest[0] : undefined;
}

/** Each cycle once, told from its first file in the alphabet. */
function cycles(imports: readonly Import[]): readonly string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to, kind } of imports) {
    if (kind === "file") next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  const found = new Map<string, string>();
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      const cycle = path.slice(start);
      const first = cycle.indexOf([...cycle].sort()[0] ?? "");
      const told = [...cycle.slice(first), ...cycle.slice(0, first + 1)].join(" → ");
      found.set(told, `${cycle[first]} is in a cycle: ${told}`);
      return;
    }
    if (done.has(file)) return;
    for (const other of next.get(file) ?? []) visit(other, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return [...found.values()].sort();
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, "..");
  const wrong = checkArrows(root);
  for (const line of wrong) console.error(line);
  console.error(wrong.length === 0 ? "All arrows run the right way." : `${wrong.length} wrong arrows`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
