import { z } from "zod";
import { SecretSchema } from "../../outbound/secret.ts";
import { BaseUrlSchema, HostPatternSchema } from "../../outbound/url.ts";

const InputName = z.string().regex(/^[A-Za-z_]\w{0,63}$/, { error: "must be the name of an input" });

/** An input that the model has under this name, or `false` where it has none of the kind. */
const optional = (usual: string) => InputName.or(z.literal(false)).default(usual);

const FieldsSchema = z.strictObject({
  prompt: InputName.default("prompt"),
  negative_prompt: optional("negative_prompt"),
  width: optional("width"),
  height: optional("height"),
  seed: optional("seed"),
  steps: optional("num_inference_steps"),
  guidance_scale: optional("guidance_scale"),
});

export const ReplicateOptions = z
  .strictObject({
    token: SecretSchema.meta({ description: "The environment variable that holds the API token." }),
    model: z
      .string()
      .regex(/^\w[\w.-]*\/\w[\w.-]*(?::[0-9a-f]{64})?$/, {
        error: "must be owner/name of an official model, or owner/name:version with the 64 digits of a version",
      })
      .meta({ description: "owner/name of an official model, or owner/name:version of any." }),
    fields: FieldsSchema.prefault({}).meta({
      description: "What the model calls these inputs; false where it has none of the kind.",
    }),
    input: z
      .record(InputName, z.json())
      .default({})
      .meta({ description: "Further inputs of the model, sent as they are." }),
    steps: z.int().min(1).max(500).optional().meta({ description: "The model's own number when absent." }),
    guidance_scale: z.number().min(0).max(50).optional().meta({ description: "The model's own when absent." }),
    concurrent_calls: z
      .int()
      .min(1)
      .max(16)
      .default(4)
      .meta({ description: "Predictions at a time: each makes one picture." }),
    trusted_hosts: z
      .array(HostPatternSchema)
      .min(1)
      .default(["replicate.delivery", "*.replicate.delivery"])
      .meta({ description: "Hosts from which pictures may be fetched." }),
    url: BaseUrlSchema.default("https://api.replicate.com/v1"),
  })
  .superRefine(({ fields, input }, context) => {
    const wrong = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    const taken = new Map<string, string>();
    for (const [field, name] of Object.entries(fields)) {
      if (name === false) continue;
      const other = taken.get(name);
      if (other !== undefined) wrong(["fields", field], `is the same input as fields.${other}`);
      taken.set(name, field);
    }
    for (const name of Object.keys(input)) {
      const field = taken.get(name);
      if (field !== undefined)
        wrong(
          ["input", name],
          `is set from the request: fields.${field} says so; set that to false if the model has none`,
        );
    }
  });
export type ReplicateOptions = z.output<typeof ReplicateOptions>;
