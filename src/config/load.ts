import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { SafelightError } from "../contract/errors.ts";
import { IMAGE_DETECTORS, TEXT_DETECTORS } from "../detectors/table.ts";
import { GENERATORS } from "../generators/table.ts";
import { childOf } from "../policy/schema-places.ts";
import { mistaken, nearest, readYaml, validateYaml, type YamlFile } from "../policy/strict-yaml.ts";
import { overridesOf, type Surroundings } from "./overrides.ts";
import { readYamlFile } from "./read.ts";
import {
  type Config,
  type ConfigFile,
  ConfigFileSchema,
  type GeneratorConfig,
  type GeneratorKind,
  type ImageDetectorConfig,
  type TextDetectorConfig,
} from "./schema.ts";
import { sourcesOf } from "./sources.ts";

const FILE_NAME = "safelight.yaml";
const WHAT = "the configuration";
const SHIPPED_POLICIES = fileURLToPath(new URL("../../policies", import.meta.url));
/** These are there under their own names, unless the file gives the name to something else. */
const BUILT_IN = ["rules", "classifier", "test-signals", "nsfw", "test-card", "text-in-image"] as const;

export interface LoadedConfig {
  readonly config: Config;
  /** What is in force, in the shape of the file. */
  readonly settings: ConfigFile;
  /** Where the value of each leaf of `settings` comes from: `default`, `safelight.yaml:12`, `env PORT` or `flag --port`. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Flags go before the environment (`PORT`, `HOST`, `SAFELIGHT_DATA`, `SAFELIGHT_CONFIG`), that before the file, that before
 * the defaults. A variable that is set to nothing counts as not set. `DATABASE_URL` counts where the file names no other variable.
 * @throws SafelightError `config_invalid` that says where each mistake is
 */
export function loadConfig(place: Surroundings): LoadedConfig {
  const file = fileToRead(place);
  const yaml = file ? readYamlFile(file.path, file.what) : readYaml("", FILE_NAME);
  const folder = file ? dirname(file.path) : place.cwd;
  const written = validateYaml(yaml, ConfigFileSchema, [], yaml.value ?? {});
  assertOneCurrency(written, yaml);
  const given = overridesOf(place);
  const { database = given.database?.value } = written;
  const { public_url } = written.server;
  const config: Config = {
    server: {
      host: given.host?.value ?? written.server.host,
      port: given.port?.value ?? written.server.port,
      ...(public_url === undefined ? {} : { public_url }),
    },
    keys: written.keys,
    data: given.data?.value ?? resolve(folder, written.data),
    ...(database === undefined ? {} : { database }),
    s3: written.s3,
    scans: scansOf(written, folder),
    policies: written.policies?.map((path) => resolve(folder, path)) ?? [SHIPPED_POLICIES],
    default_policy: written.default_policy,
    generators: generatorsOf(written, yaml, folder),
    default_generator: defaultGeneratorOf(written, yaml),
    detectors: detectorsOf(written, yaml, folder),
    limits: written.limits,
    image_cache: written.image_cache,
    dialects: written.dialects,
    log: written.log,
  };
  const settings = settingsOf(config, written);
  return { config: frozen(config), settings: frozen(settings), sources: sourcesOf(settings, yaml, given) };
}

function scansOf({ scans: { sources, quarantine } }: ConfigFile, folder: string): Config["scans"] {
  const placed = (place: string) => (place.startsWith("s3://") ? place.replace(/\/+$/, "") : resolve(folder, place));
  return { sources: sources.map(placed), ...(quarantine === undefined ? {} : { quarantine: placed(quarantine) }) };
}

function fileToRead({ env, flags, cwd }: Surroundings): { path: string; what: string } | undefined {
  if (flags.config === "") throw new SafelightError("config_invalid", "--config: must name a file (found nothing)");
  if (flags.config !== undefined) return { path: resolve(cwd, flags.config), what: `${WHAT} named by --config` };
  const named = env["SAFELIGHT_CONFIG"];
  if (named) return { path: resolve(cwd, named), what: `${WHAT} named by SAFELIGHT_CONFIG` };
  const usual = resolve(cwd, FILE_NAME);
  return existsSync(usual) ? { path: usual, what: WHAT } : undefined;
}

/** Costs are added up, so they cannot be in several currencies. */
function assertOneCurrency({ generators, detectors }: ConfigFile, yaml: YamlFile): void {
  const prices = [
    ...Object.entries(generators).map(
      ([name, one]) => ["generators", name, "price_per_image", one.price_per_image] as const,
    ),
    ...Object.entries(detectors).map(
      ([name, one]) => ["detectors", name, "price_per_unit", one.price_per_unit] as const,
    ),
  ];
  let first: string | undefined;
  for (const [list, name, key, price] of prices) {
    if (!price) continue;
    first ??= price.currency;
    if (price.currency === first) continue;
    const message = `must be ${first}, as in the other prices`;
    throw mistaken(yaml, [{ path: [list, name, key, "currency"], key: false, message }]);
  }
}

function generatorsOf(written: ConfigFile, yaml: YamlFile, folder: string): Config["generators"] {
  return mapValues(written.generators, ({ kind, price_per_image, timeout_ms }, name) => {
    const path = ["generators", name];
    const options = validateYaml(yaml, GENERATORS[kind as GeneratorKind].options, path, writtenOptions(yaml, path));
    // One line of the table gave both the kind and the schema of the options; the compiler cannot see that they belong together.
    return {
      kind,
      options,
      folder,
      timeout_ms,
      ...(price_per_image === undefined ? {} : { price_per_image }),
    } as GeneratorConfig;
  });
}

function defaultGeneratorOf(written: ConfigFile, yaml: YamlFile): string {
  const names = Object.keys(written.generators);
  const named = written.default_generator ?? names[0];
  if (named !== undefined && names.includes(named)) return named;
  const near = nearest(String(named), names);
  const message = `there is no generator ${JSON.stringify(named)}; ${near ? `did you mean ${JSON.stringify(near)}?` : `there are ${names.join(", ")}`}`;
  throw mistaken(yaml, [{ path: ["default_generator"], key: false, message }]);
}

function detectorsOf(written: ConfigFile, yaml: YamlFile, folder: string): Config["detectors"] {
  const all = { ...Object.fromEntries(BUILT_IN.map((kind) => [kind, { kind }])), ...written.detectors };
  const text: Record<string, TextDetectorConfig> = {};
  const image: Record<string, ImageDetectorConfig> = {};
  for (const [name, { kind }] of Object.entries(all)) {
    const path = ["detectors", name];
    const given = writtenOptions(yaml, path);
    const price_per_unit = written.detectors[name]?.price_per_unit;
    const detector = <T extends z.ZodType>(schema: T) => ({
      kind,
      folder,
      written: given,
      ...(price_per_unit === undefined ? {} : { price_per_unit }),
      options: validateYaml(yaml, schema, path, given),
    });
    // As above: the kind and the options come from one line of the table.
    if (isKindOf(TEXT_DETECTORS, kind)) text[name] = detector(TEXT_DETECTORS[kind].options) as TextDetectorConfig;
    if (isKindOf(IMAGE_DETECTORS, kind)) image[name] = detector(IMAGE_DETECTORS[kind].options) as ImageDetectorConfig;
  }
  return { text, image };
}

/** The keys that are no options of a kind's own. */
const SHARED = new Set(["kind", "price_per_image", "price_per_unit", "timeout_ms"]);

/** As they stand in the file, before any schema has filled in or changed anything. */
function writtenOptions(yaml: YamlFile, path: readonly string[]): Readonly<Record<string, unknown>> {
  const given = Object.entries(path.reduce(childOf, yaml.value) ?? {});
  return Object.fromEntries(given.filter(([key]) => !SHARED.has(key)));
}

function isKindOf<Table extends object>(table: Table, kind: string): kind is keyof Table & string {
  return Object.hasOwn(table, kind);
}

/** What is in force in the shape of the file, so that it can be saved as one. */
function settingsOf(config: Config, written: ConfigFile): ConfigFile {
  return {
    ...(written.schema === undefined ? {} : { schema: written.schema }),
    server: config.server,
    keys: config.keys,
    data: config.data,
    ...(config.database === undefined ? {} : { database: config.database }),
    s3: config.s3,
    scans: config.scans,
    policies: [...config.policies],
    default_policy: config.default_policy,
    generators: mapValues(config.generators, ({ kind, options, price_per_image, timeout_ms }) => ({
      kind,
      ...options,
      timeout_ms,
      ...(price_per_image === undefined ? {} : { price_per_image }),
    })),
    default_generator: config.default_generator,
    detectors: mapValues(
      { ...config.detectors.text, ...config.detectors.image },
      ({ kind, options, written: given, price_per_unit }) => ({
        kind,
        ...options,
        ...given,
        ...(price_per_unit === undefined ? {} : { price_per_unit }),
      }),
    ),
    limits: config.limits,
    image_cache: config.image_cache,
    dialects: config.dialects,
    log: config.log,
  };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) frozen(member);
  }
  return value;
}
