import { z } from "zod";

const count = (fallback: number, least = 1) => z.int().min(least).default(fallback);

/** What a caller may ask for. Every limit can be set under `limits:` in `safelight.yaml`. */
export const LimitsSchema = z.strictObject({
  prompt_characters: count(4_000).meta({ description: "UTF-16 units in a prompt." }),
  images_per_request: count(8).meta({ description: "Pictures in one generation." }),
  image_side_min: count(64).meta({ description: "Pixels." }),
  image_side_max: count(2_048).meta({ description: "Pixels." }),
  body_bytes: count(32 * 1024 * 1024).meta({ description: "Bytes in a request body." }),
  image_bytes: count(20 * 1024 * 1024).meta({ description: "Bytes of an encoded picture." }),
  image_pixels: count(32_000_000).meta({ description: "Width × height × frames of a picture." }),
  image_frames: count(256).meta({ description: "Frames of an animated picture." }),
  frames_judged: count(8).meta({ description: "Frames of an animated picture that are looked at, evenly spread." }),
  concurrent_generations: count(16).meta({
    description: "Generations in progress at once; more are refused as overloaded.",
  }),
});
export type Limits = z.infer<typeof LimitsSchema>;
export const DEFAULT_LIMITS: Limits = LimitsSchema.parse({});

/** Building a schema takes longer than most requests: it is built once for each set of limits. */
export function perLimits<Schema>(build: (limits: Limits) => Schema): (limits: Limits) => Schema {
  const built = new WeakMap<Limits, Schema>();
  return (limits) => {
    const known = built.get(limits);
    if (known) return known;
    const schema = build(limits);
    built.set(limits, schema);
    return schema;
  };
}
