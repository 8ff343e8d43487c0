import type { Config, GeneratorConfig } from "../config/schema.ts";
import type { ImageGenerator } from "../contract/generator.ts";
import { GENERATORS } from "../generators/table.ts";
import type { StageGenerator } from "../pipeline/parts.ts";

/** Opens every configured generator, by name. */
export async function openGenerators(configs: Config["generators"]): Promise<ReadonlyMap<string, StageGenerator>> {
  const opened = await Promise.all(
    Object.entries(configs).map(async ([name, config]) => {
      const generator: StageGenerator = {
        name,
        generator: await open(config),
        timeoutMs: config.timeout_ms,
        price: priceOf(config.price_per_image),
      };
      return [name, generator] as const;
    }),
  );
  return new Map(opened);
}

function priceOf(price: GeneratorConfig["price_per_image"]): StageGenerator["price"] {
  return { perImage: price?.amount ?? 0, bySize: price?.by_size ?? {}, currency: price?.currency ?? "USD" };
}

function open({ kind, options }: GeneratorConfig): Promise<ImageGenerator> {
  // kind and options come from one line of the table; the compiler cannot see that they belong together
  return (GENERATORS[kind].open as (options: unknown) => Promise<ImageGenerator>)(options);
}
