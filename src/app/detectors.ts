import type { LoadedPolicy } from "../config/policies.ts";
import type { ImageDetectorConfig, TextDetectorConfig } from "../config/schema.ts";
import type { DecodedImage, Detector, ImageDetector, Prompt, TextDetector } from "../contract/detector.ts";
import type { Price } from "../contract/generation.ts";
import type { Limits } from "../contract/limits.ts";
import { IMAGE_DETECTORS, TEXT_DETECTORS } from "../detectors/table.ts";
import type { StageDetector } from "../pipeline/detect.ts";

/** A policy's detectors, opened. */
export interface StageDetectors {
  readonly prompt: readonly StageDetector<Prompt>[];
  readonly image: readonly StageDetector<DecodedImage>[];
}

/** Opens each configured detector once, when it is first asked for, however many policies use it, and closes them together. */
export class OpenDetectors {
  readonly #limits: Limits;
  readonly #opened = new Map<object, Promise<Detector<never>>>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  async all(loaded: LoadedPolicy): Promise<StageDetectors> {
    const [prompt, image] = await Promise.all([this.prompt(loaded), this.image(loaded)]);
    return { prompt, image };
  }

  prompt({ policy, prompt }: LoadedPolicy): Promise<StageDetector<Prompt>[]> {
    const open = (config: TextDetectorConfig) => this.#once(config, () => openText(config, this.#limits));
    return this.#stage(prompt, open, policy.prompt.detectors);
  }

  image({ policy, image }: LoadedPolicy): Promise<StageDetector<DecodedImage>[]> {
    const open = (config: ImageDetectorConfig) => this.#once(config, () => openImage(config, this.#limits));
    return this.#stage(image, open, policy.image.detectors);
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
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

  #once<Opened extends Detector<never>>(config: object, open: () => Promise<Opened>): Promise<Opened> {
    const known = this.#opened.get(config) as Promise<Opened> | undefined; // the same config opens the same kind
    const opened = known ?? open();
    this.#opened.set(config, opened);
    return opened;
  }
}

export function openText({ kind, options, folder }: TextDetectorConfig, limits: Limits): Promise<TextDetector> {
  // kind and options come from one line of the table; the compiler cannot see that they belong together
  const open = TEXT_DETECTORS[kind].open as (options: unknown, context: object) => Promise<TextDetector>;
  return open(options, { folder, limits });
}

export function openImage({ kind, options, folder }: ImageDetectorConfig, limits: Limits): Promise<ImageDetector> {
  const open = IMAGE_DETECTORS[kind].open as (options: unknown, context: object) => Promise<ImageDetector>; // as above
  return open(options, { folder, limits });
}

/** What {@link OpenDetectors} would read for a policy, besides the models. */
export async function detectorSources({ prompt }: LoadedPolicy): Promise<readonly string[]> {
  const sources = await Promise.all(
    Object.values(prompt).map(({ kind, options, folder }) => {
      const entry: { sources?: unknown } = TEXT_DETECTORS[kind];
      const read = entry.sources as ((options: unknown, folder: string) => Promise<readonly string[]>) | undefined; // as above
      return read?.(options, folder) ?? [];
    }),
  );
  return sources.flat();
}
