import { z } from "zod";
import { type Limits, LimitsSchema } from "../contract/limits.ts";
import { IMAGE_DETECTORS, TEXT_DETECTORS } from "../detectors/table.ts";
import { GENERATORS } from "../generators/table.ts";
import { AWS_OPTIONS } from "../outbound/aws-options.ts";
import { type Secret, SecretSchema } from "../outbound/secret.ts";

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

const KeySchema = z.strictObject({
  access_key_id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{3,128}$/, { error: "must be 3 to 128 of A-Z, a-z, 0-9, dash and underscore" })
    .optional()
    .meta({ description: "What AWS clients sign with, and a user name for Basic. The key's own name when absent." }),
  secret: SecretSchema,
});

/** Keys by name. Who may be meant by a user name or an access key id is never in doubt. */
const KeysSchema = z.record(name, KeySchema).superRefine((keys, context) => {
  const taken = new Set(Object.keys(keys));
  for (const [key, { access_key_id: id }] of Object.entries(keys)) {
    if (id === undefined || id === key) continue;
    if (taken.has(id)) {
      context.addIssue({ code: "custom", path: [key, "access_key_id"], message: "is taken by another key" });
    }
    taken.add(id);
  }
});

type Table = Readonly<Record<string, { readonly options: z.ZodType }>>;

/** `{kind, ...options}` for every kind of the tables: the options of one kind are errors in another. */
function byKind<Shared extends z.core.$ZodShape>(shared: Shared, ...tables: readonly Table[]) {
  const all = new Map<string, z.ZodType>();
  for (const [kind, { options }] of tables.flatMap(Object.entries<Table[string]>)) {
    if ((all.get(kind) ?? options) !== options) throw new TypeError(`${kind} has other options in another table`);
    all.set(kind, options);
  }
  const kinds = [...all].map(([kind, options]) => {
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
  keys: KeysSchema.default({}).meta({
    description: "Who may ask. Without keys everybody may who reaches the address.",
  }),
  data: path.default("./data").meta({ description: "The folder that holds records and pictures." }),
  database: SecretSchema.optional().meta({
    description:
      "The variable with the URL of a PostgreSQL database that several machines share scans through; DATABASE_URL when it is set.",
  }),
  s3: z.strictObject(AWS_OPTIONS).prefault({}).meta({ description: "How data sets in S3 are reached." }),
  scans: z
    .strictObject({
      sources: z.array(path).default([]).meta({
        description:
          "Folders and s3://bucket/prefix: data sets in them may be scanned over the API, and by the console. None when absent.",
      }),
      quarantine: path.optional().meta({
        description:
          "A folder or s3://bucket/prefix where rejected pictures are moved to when somebody asks for it there.",
      }),
    })
    .prefault({}),
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
  image_cache: z
    .strictObject({
      entries: z.int().min(0).max(10_000_000).default(20_000).meta({
        description: "What so many detectors saw in a picture, one entry each. 0: every picture is looked at anew.",
      }),
      bytes: z
        .int()
        .min(0)
        .default(16 * 1024 * 1024)
        .meta({ description: "Bytes of memory for all of them." }),
      seconds: z
        .int()
        .min(1)
        .default(3_600)
        .meta({ description: "How long it holds: a vendor may change what judges without telling." }),
    })
    .prefault({})
    .meta({ description: "What detectors saw is remembered, so that the same picture is not judged twice." }),
  dialects: z
    .strictObject({
      a1111: z
        .strictObject({
          refused: z.enum(["picture", "error"]).default("picture").meta({
            description:
              "How a refused prompt, or a picture that may not be shown, is answered: as a picture with a notice drawn on it, or as an error.",
          }),
        })
        .prefault({}),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info") })
    .prefault({}),
});
export type ConfigFile = z.output<typeof ConfigFileSchema>;

export type GeneratorKind = keyof typeof GENERATORS;
export type TextDetectorKind = keyof typeof TEXT_DETECTORS;
export type ImageDetectorKind = keyof typeof IMAGE_DETECTORS;

/** `GENERATORS[kind].open(options, { folder })` */
export type GeneratorConfig<K extends GeneratorKind = GeneratorKind> = {
  [P in K]: {
    readonly kind: P;
    readonly options: z.output<(typeof GENERATORS)[P]["options"]>;
    readonly price_per_image?: z.output<typeof ImagePriceSchema>;
    readonly timeout_ms: number;
    /** Absolute: where relative paths in the options start. */
    readonly folder: string;
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
  /** By name. None: everybody may ask. */
  readonly keys: ConfigFile["keys"];
  /** Absolute. */
  readonly data: string;
  /** Of PostgreSQL. Absent: scans are in the data folder. */
  readonly database?: Secret;
  readonly s3: ConfigFile["s3"];
  /** Paths absolute. */
  readonly scans: ConfigFile["scans"];
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
  /** What is remembered of pictures that were judged. */
  readonly image_cache: ConfigFile["image_cache"];
  /** What the vendors' protocols leave to us, by dialect. */
  readonly dialects: ConfigFile["dialects"];
  readonly log: { readonly level: ConfigFile["log"]["level"] };
}
