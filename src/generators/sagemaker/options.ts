import { z } from "zod";
import { AWS_OPTIONS } from "../../outbound/aws-options.ts";
import { S3EndpointSchema, S3FolderSchema } from "../../outbound/s3-options.ts";

const header = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[\u0021-\u007e]+$/, { error: "must be printable ASCII without blanks" });

export const SageMakerOptions = z.strictObject({
  ...AWS_OPTIONS,
  endpoint_name: z
    .string()
    .max(63)
    .regex(/^[a-zA-Z0-9](?:-*[a-zA-Z0-9])*$/, { error: "must be the name of an endpoint: letters, digits and dashes" }),
  payload: z.enum(["jumpstart", "sgm"]).default("jumpstart").meta({
    description:
      "What the container reads. jumpstart: prompt, negative_prompt, num_inference_steps (the model-txt2img models). sgm: text_prompts, cfg_scale, steps (Stability's own containers, SDXL).",
  }),
  accept: z.enum(["application/json;jpeg", "application/json"]).optional().meta({
    description:
      "What is asked for. application/json;jpeg, pictures in base64, for jumpstart when absent; application/json gets raw pixels from those containers, at most 512 x 512 within the answer that SageMaker lets through.",
  }),
  pictures_per_call: z.int().min(1).max(16).default(1).meta({
    description: "Pictures made together. Those of one call share its seed, so that only 1 lets each be made again.",
  }),
  concurrent_calls: z.int().min(1).max(64).default(1).meta({
    description: "Calls for one request at the same time: as many as the endpoint has instances.",
  }),
  steps: z.int().min(1).max(150).optional().meta({ description: "The model's own when absent." }),
  guidance_scale: z.number().min(0).max(50).optional().meta({ description: "The model's own when absent." }),
  sampler: z.string().min(1).max(64).optional().meta({ description: "sgm only." }),
  target_model: header(1024).optional().meta({ description: "Of a multi-model endpoint." }),
  target_variant: header(63).optional().meta({ description: "A production variant of the endpoint." }),
  inference_component: header(63).optional().meta({ description: "An inference component of the endpoint." }),
  s3_input: S3FolderSchema.optional().meta({
    description: "For an asynchronous endpoint: where its requests are put. They are removed afterwards.",
  }),
  s3_endpoint: S3EndpointSchema,
});
export type SageMakerOptions = z.output<typeof SageMakerOptions>;
