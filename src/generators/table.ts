import type { z } from "zod";
import type { ImageGenerator } from "../contract/generator.ts";
import { A1111Options } from "./a1111/options.ts";
import { BedrockOptions } from "./bedrock/options.ts";
import { ComfyuiOptions } from "./comfyui/options.ts";
import type { OpenContext } from "./context.ts";
import { HuggingfaceOptions } from "./huggingface/options.ts";
import { OpenAiOptions } from "./openai/options.ts";
import { ReplicateOptions } from "./replicate/options.ts";
import { SageMakerOptions } from "./sagemaker/options.ts";
import { SketchOptions } from "./sketch/options.ts";
import { StabilityOptions } from "./stability/options.ts";

interface Kind<Options extends z.ZodType> {
  /** Strict: what may stand in `safelight.yaml`. */
  readonly options: Options;
  open(options: z.output<Options>, context: OpenContext): Promise<ImageGenerator>;
}

function kind<Options extends z.ZodType>(value: Kind<Options>) {
  return value;
}

/** Every kind of generator. A new one is a folder here and a line in this table; its code is loaded when it is opened. */
export const GENERATORS = {
  a1111: kind({
    options: A1111Options,
    open: async (options) => (await import("./a1111/a1111.ts")).openA1111(options),
  }),
  bedrock: kind({
    options: BedrockOptions,
    open: async (options) => (await import("./bedrock/bedrock.ts")).openBedrock(options),
  }),
  comfyui: kind({
    options: ComfyuiOptions,
    open: async (options, context) => (await import("./comfyui/comfyui.ts")).openComfyui(options, context),
  }),
  huggingface: kind({
    options: HuggingfaceOptions,
    open: async (options) => (await import("./huggingface/huggingface.ts")).openHuggingface(options),
  }),
  replicate: kind({
    options: ReplicateOptions,
    open: async (options) => (await import("./replicate/replicate.ts")).openReplicate(options),
  }),
  sagemaker: kind({
    options: SageMakerOptions,
    open: async (options) => (await import("./sagemaker/sagemaker.ts")).openSageMaker(options),
  }),
  openai: kind({
    options: OpenAiOptions,
    open: async (options) => (await import("./openai/openai.ts")).openOpenAi(options),
  }),
  sketch: kind({
    options: SketchOptions,
    open: async (options) => (await import("./sketch/sketch.ts")).openSketch(options),
  }),
  stability: kind({
    options: StabilityOptions,
    open: async (options) => (await import("./stability/stability.ts")).openStability(options),
  }),
};
