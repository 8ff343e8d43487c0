import type { LoadedPolicy } from "../config/policies.ts";
import type { ImageDetectorConfig, TextDetectorConfig } from "../config/schema.ts";
import type { DecodedImage, Detector, ImageDetector, Prompt, TextDetector } from "../contract/detector.ts";
import { SafelightError } from "../contract/errors.ts";
import type { Price } from "../contract/generation.ts";
import type { Limits } from "../contract/limits.ts";
import type { TextDetectors } from "../detectors/context.ts";
import { IMAGE_DETECTORS, TEXT_DETECTORS } from "../detectors/table.ts";
import type { StageDetector } from "../pipeline/detect.ts";
import { nearest } from "../policy/nearest.ts";

/** A policy's detectors, opened. */
export interface StageDetectors {
  readonly prompt: readonly StageDetector<Prompt>[];
  readonly image: readonly StageDetector<DecodedImage>[];
}

/** Opens each configured detector once, when it is first asked for, however many policies use it, and closes them together. */
export class OpenDetectors {
  readonly #limits: Limits;
  readonly #data: string | undefined;
  readonly #text: Readonly<Record<string, TextDetectorConfig>>;
  /** By the configuration of a detector, and by the policy where that makes a difference. */
  readonly #opened = new Map<object, Map<object, Promise<Detector<never>>>>();

  /**
   * @param data where installed models lie; absent where nobody uses any
   * @param text the configured text detectors, for those that judge text in pictures
   */
  constructor(limits: Limits, data?: string, text: Readonly<Record<string, TextDetectorConfig>> = {}) {
    this.#limits = limits;
    this.#data = data;
    this.#text = text;
  }

  async all(loaded: LoadedPolicy): Promise<StageDetectors> {
    const [prompt, image] = await Promise.all([this.prompt(loaded), this.image(loaded)]);
    return { prompt, image };
  }

  prompt({ policy, prompt }: LoadedPolicy): Promise<StageDetector<Prompt>[]> {
    return this.#stage(prompt, (config) => this.#openText(config), policy.prompt.detectors);
  }

  image(loaded: LoadedPolicy): Promise<StageDetector<DecodedImage>[]> {
    const textDetectors = this.textDetectors(loaded);
    const open = (config: ImageDetectorConfig) => {
      const of = IMAGE_DETECTORS[config.kind].ofPolicy ? loaded.policy : config;
      return this.#once(config, of, () => openImage(config, this.#limits, this.#data, textDetectors));
    };
    return this.#stage(loaded.image, open, loaded.policy.image.detectors);
  }

  /** For image detectors of a policy; of no policy when absent: then those of the configuration. */
  textDetectors(loaded?: LoadedPolicy): TextDetectors {
    return async (names = this.#local(loaded)) => {
      const opened = names.map(async (name) => {
        const config = loaded?.prompt[name] ?? this.#text[name];
        if (config) return [name, await this.#openText(config)] as const;
        const near = nearest(name, Object.keys(this.#text));
        const hint = near ? `did you mean ${JSON.stringify(near)}?` : `there are ${Object.keys(this.#text).join(", ")}`;
        throw new SafelightError("config_invalid", `there is no text detector ${JSON.stringify(name)}; ${hint}`);
      });
      return new Map(await Promise.all(opened));
    };
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled([...this.#opened.values()].flatMap((each) => [...each.values()]));
    await Promise.all(opened.map((each) => (each.status === "fulfilled" ? each.value.close?.() : undefined)));
  }

  #stage<Config extends { readonly price_per_unit?: Price }, Input>(
    configs: Readonly<Record<string, Config>>,
    open: (config: Config) => Promise<Detector<Input>>,
    uses: Readonly<Record<string, { readonly budget_ms: number; readonly overlap?: boolean }>>,
  ): Promise<StageDetector<Input>[]> {
    return Promise.all(
      Object.entries(configs).map(async ([name, config]) => ({
        name,
        detector: await open(config),
        budgetMs: uses[name]?.budget_ms ?? 0,
        overlap: uses[name]?.overlap ?? false,
        ...(config.price_per_unit ? { pricePerUnit: config.price_per_unit } : {}),
      })),
    );
  }

  /** Names of the text detectors that work on this machine: of a policy's prompt stage, or of the configuration. */
  #local(loaded: LoadedPolicy | undefined): readonly string[] {
    const names = Object.keys(loaded ? loaded.policy.prompt.detectors : this.#text);
    return names.filter((name) => {
      const config = loaded?.prompt[name] ?? this.#text[name];
      return config !== undefined && TEXT_DETECTORS[config.kind].local === true;
    });
  }

  #openText(config: TextDetectorConfig): Promise<TextDetector> {
    return this.#once(config, config, () => openText(config, this.#limits));
  }

  #once<Opened extends Detector<never>>(config: object, of: object, open: () => Promise<Opened>): Promise<Opened> {
    const known = this.#opened.get(config) ?? new Map<object, Promise<Detector<never>>>();
    this.#opened.set(config, known);
    const opened = (known.get(of) as Promise<Opened> | undefined) ?? open(); // the same config opens the same kind
    known.set(of, opened);
    return opened;
  }
}

export function openText({ kind, options, folder }: TextDetectorConfig, limits: Limits): Promise<TextDetector> {
  // kind and options come from one line of the table; the compiler cannot see that they belong together
  const open = TEXT_DETECTORS[kind].open as (options: unknown, context: object) => Promise<TextDetector>;
  return open(options, { folder, limits });
}

export function openImage(
  { kind, options, folder }: ImageDetectorConfig,
  limits: Limits,
  data?: string,
  textDetectors?: TextDetectors,
): Promise<ImageDetector> {
  const open = IMAGE_DETECTORS[kind].open as (options: unknown, context: object) => Promise<ImageDetector>; // as above
  return open(options, {
    folder,
    limits,
    ...(data === undefined ? {} : { data }),
    ...(textDetectors ? { textDetectors } : {}),
  });
}

/**
 * What {@link OpenDetectors} would read for a policy, besides the models.
 * @param text the configured text detectors
 */
export async function detectorSources(
  { prompt, image }: LoadedPolicy,
  text: Readonly<Record<string, TextDetectorConfig>> = {},
): Promise<readonly string[]> {
  const judges = Object.values(image).flatMap(({ kind, options }) =>
    kind === "text-in-image" ? (options.judges ?? []) : [],
  );
  const further = judges.flatMap((name) => (prompt[name] || !text[name] ? [] : [text[name]]));
  const sources = await Promise.all([
    ...[...Object.values(prompt), ...further].map((config) => sourcesOf(TEXT_DETECTORS[config.kind], config)),
    ...Object.values(image).map((config) => sourcesOf(IMAGE_DETECTORS[config.kind], config)),
  ]);
  return sources.flat();
}

async function sourcesOf(
  entry: { readonly sources?: unknown },
  { options, folder }: TextDetectorConfig | ImageDetectorConfig,
): Promise<readonly string[]> {
  // as above
  const read = entry.sources as ((options: unknown, folder: string) => Promise<readonly string[]>) | undefined;
  return (await read?.(options, folder)) ?? [];
}
