import type { ComfyuiOptions } from "./options.ts";
import type { Workflow } from "./placeholders.ts";

/**
 * Text to picture with one checkpoint, in ComfyUI's API format. Its picture goes into the server's temporary folder, which the server
 * empties when it starts.
 */
export function builtIn({ checkpoint, sampler, scheduler }: ComfyuiOptions): Workflow {
  return {
    "3": {
      class_type: "KSampler",
      inputs: {
        seed: "{{seed}}",
        steps: "{{steps}}",
        cfg: "{{guidance_scale}}",
        sampler_name: sampler ?? "euler",
        scheduler: scheduler ?? "normal",
        denoise: 1,
        model: ["4", 0],
        positive: ["6", 0],
        negative: ["7", 0],
        latent_image: ["5", 0],
      },
    },
    "4": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: checkpoint } },
    "5": { class_type: "EmptyLatentImage", inputs: { width: "{{width}}", height: "{{height}}", batch_size: 1 } },
    "6": { class_type: "CLIPTextEncode", inputs: { text: "{{prompt}}", clip: ["4", 1] } },
    "7": { class_type: "CLIPTextEncode", inputs: { text: "{{negative_prompt}}", clip: ["4", 1] } },
    "8": { class_type: "VAEDecode", inputs: { samples: ["3", 0], vae: ["4", 2] } },
    "9": { class_type: "PreviewImage", inputs: { images: ["8", 0] } },
  };
}
