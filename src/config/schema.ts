import { z } from "zod";
import { type Limits, LimitsSchema } from "../contract/limits.ts";
import { IMAGE_DETECTORS, TEXT_DETECTORS } from "../detectors/table.ts";
import { GENERATORS } from "../generators/table.ts";

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, { error: "must be 1 to 64 of a-z, 0-9, dot, dash and underscore" });

const path = z.string().min(1, { error: "must not be empty" });

export const HostSchema = z
  .string()
  .regex(/^[A-Za-z0-9._:-]+$/, { error: "must be the name or the address of a network interface, such as 127.0.0.1" });

export const PortSchema = z.int().min(0).max(65_535);

const PriceSchema = z.strictObject({
  amount: z.number().min(0),
  currency: z.string().regex(/^[A-Z]{3}$/, { error: "must be three capital letters, such as EUR (ISO 4217)" }),
});

const ImagePriceSchema = PriceSchema.extend({
  by_size: z
    .record(z.string().regex(/^\d+x\d+$/, { error: "must be <width>x<height>, such as 1024x1024" }), z.number().min(0))
    .optional()
    .meta({ description: "Prices of pictures of these sizes, where they differ." }),
});

const TimeoutSchema = z
  .int()
  .min(1)
  .max(3_600_000)
  .default(120_000)
  .meta({ description: "Milliseconds after which an attempt is given up." });

type Table = Readonly<Record<string, { readonly options: z.ZodType }>>;

/** `{kind, ...options}` for every kind of the tables: the options of one kind are errors in another. */
function byKind<Shared extends z.core.$ZodShape>(shared: Shared, ...tables: readonly Table[]) {
  const kinds = tables.flatMap(Object.entries<Table[string]>).map(([kind, { options }]) => {
    if (!(options instanceof z.ZodObject)) throw new TypeError(`the options of ${kind} must be a zod object`);
    return z.strictObject({ kind: z.literal(kind), ...options.shape, ...shared });
  });
  const [first, ...rest] = kinds;
  if (!first) throw new TypeError("there is no kind");
  return z.discriminatedUnion("kind", [first, ...rest]);
}

/** `safelight.yaml`. Unknown keys are errors. Relative paths start at the folder of the file. */
export const ConfigFileSchema = z.strictObject({
  schema: z.literal("safelight.config/1").optional(),
  server: z
    .strictObject({
      host: HostSchema.default("127.0.0.1").meta({ description: "The address to listen on." }),
      port: PortSchema.default(8080).meta({ description: "0: any free port." }),
      public_url: z
        .url({ protocol: /^https?$/, error: "must be an http or https URL" })
        .optional()
        .meta({ description: "Where callers reach this server; the start of every URL in its answers." }),
    })
    .prefault({}),
  data: path.default("./data").meta({ description: "The folder that holds records and pictures." }),
  policies: z
    .array(path)
    .min(1)
    .optional()
    .meta({ description: "Policy files, and folders of them (*.yaml). Those that ship with Safelight when absent." }),
  default_policy: name.default("default"),
  generators: z
    .record(name, byKind({ price_per_image: ImagePriceSchema.optional(), timeout_ms: TimeoutSchema }, GENERATORS))
    .refine((value) => Object.keys(value).length > 0, { error: "must name at least one generator" })
    .prefault({ sketch: { kind: "sketch" } }),
  default_generator: name.optional().meta({ description: "The first of the generators when absent." }),
  detectors: z
    .record(name, byKind({ price_per_unit: PriceSchema.optional() }, TEXT_DETECTORS, IMAGE_DETECTORS))
    .default({})
    .meta({ description: "The built-in ones are there without being listed." }),
  limits: LimitsSchema.refine((limits) => limits.image_side_min <= limits.image_side_max, {
    path: ["image_side_min"],
    error: "must not be above image_side_max",
  }).prefault({}),
  log: z
    .strictObject({ level: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info") })
    .prefault({}),
});
export type ConfigFile = z.output<typeof ConfigFileSchema>;

export type GeneratorKind = keyof typeof GENERATORS;
export type TextDetectorKind = keyof typeof TEXT_DETECTORS;
export type ImageDetectorKind = keyof typeof IMAGE_DETECTORS;

/** `GENERATORS[kind].open(options)` */
export type GeneratorConfig<K extends GeneratorKind = GeneratorKind> = {
  [P in K]: {
    readonly kind: P;
    readonly options: z.output<(typeof GENERATORS)[P]["options"]>;
    readonly price_per_image?: z.output<typeof ImagePriceSchema>;
    readonly timeout_ms: number;
  };
}[K];

interface Written {
  /** Of what the vendor bills: a call, a thousand characters, a picture. */
  readonly price_per_unit?: z.output<typeof PriceSchema>;
  /** Absolute: where relative paths in the options start. */
  readonly folder: string;
  /** The options that were given, as they were written. */
  readonly written: Readonly<Record<string, unknown>>;
}

/** `TEXT_DETECTORS[kind].open(options, { folder, limits })` */
export type TextDetectorConfig<K extends TextDetectorKind = TextDetectorKind> = {
  [P in K]: Written & { readonly kind: P; readonly options: z.output<(typeof TEXT_DETECTORS)[P]["options"]> };
}[K];

/** `IMAGE_DETECTORS[kind].open(options, { folder, limits })` */
export type ImageDetectorConfig<K extends ImageDetectorKind = ImageDetectorKind> = {
  [P in K]: Written & { readonly kind: P; readonly options: z.output<(typeof IMAGE_DETECTORS)[P]["options"]> };
}[K];

/** Everything that is in force, from the file, the environment and the flags. Frozen. */
export interface Config {
  readonly server: { readonly host: string; readonly port: number; readonly public_url?: string };
  /** Absolute. */
  readonly data: string;
  /** Absolute; files, and folders of files. */
  readonly policies: readonly string[];
  readonly default_policy: string;
  readonly generators: Readonly<Record<string, GeneratorConfig>>;
  /** A key of `generators`. */
  readonly default_generator: string;
  /** By name, the built-in ones among them. */
  readonly detectors: {
    readonly text: Readonly<Record<string, TextDetectorConfig>>;
    readonly image: Readonly<Record<string, ImageDetectorConfig>>;
  };
  readonly limits: Limits;
  readonly log: { readonly level: ConfigFile["log"]["level"] };
}
