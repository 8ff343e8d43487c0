import type { Config, GeneratorConfig } from "../config/schema.ts";
import { SafelightError } from "../contract/errors.ts";
import type { ImageGenerator } from "../contract/generator.ts";
import type { OpenContext } from "../generators/context.ts";
import { GENERATORS } from "../generators/table.ts";
import type { StageGenerator } from "../pipeline/parts.ts";

/** Opens every configured generator, by name. */
export async function openGenerators(configs: Config["generators"]): Promise<ReadonlyMap<string, StageGenerator>> {
  const opened = await Promise.all(
    Object.entries(configs).map(async ([name, config]) => {
      const generator: StageGenerator = {
        name,
        generator: await named(`generators.${name}`, openGenerator(config)),
        timeoutMs: config.timeout_ms,
        price: priceOf(config.price_per_image),
      };
      return [name, generator] as const;
    }),
  );
  return new Map(opened);
}

/** What opens a part, with the part's name in front of what is wrong with it. */
export async function named<T>(part: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof SafelightError) || error.code !== "config_invalid") throw error;
    throw new SafelightError("config_invalid", `${part}: ${error.detail}`, { cause: error });
  }
}

function priceOf(price: GeneratorConfig["price_per_image"]): StageGenerator["price"] {
  return { perImage: price?.amount ?? 0, bySize: price?.by_size ?? {}, currency: price?.currency ?? "USD" };
}

export function openGenerator({ kind, options, folder }: GeneratorConfig): Promise<ImageGenerator> {
  // kind and options come from one line of the table; the compiler cannot see that they belong together
  const open = GENERATORS[kind].open as (options: unknown, context: OpenContext) => Promise<ImageGenerator>;
  return open(options, { folder });
}
