import { z } from "zod";
import { openBedrock } from "../../src/generators/bedrock/bedrock.ts";
import { BedrockOptions } from "../../src/generators/bedrock/options.ts";
import { AWS, awsError, useTestAccount } from "../vendors/aws-account.ts";
import { generatorContract, type Script } from "./contract.ts";

useTestAccount();

const base64 = (given: ReturnType<Script["picture"]>): string | null => {
  if (given.kind === "withheld") return null;
  return given.kind === "text" ? given.text : Buffer.from(given.bytes).toString("base64");
};

const common = {
  schema: BedrockOptions,
  open: openBedrock,
  address: "endpoint",
  seeds: true,
  encoding: "base64",
} as const;

generatorContract("bedrock with a model of Stability's", {
  ...common,
  batches: true,
  withholds: "each",
  options: { ...AWS, model: "stability.sd3-5-large-v1:0" },
  vendor: (script) => async (call) => {
    await script.ready;
    const { seed } = z.object({ seed: z.int().min(1).max(4_294_967_294) }).parse(call.json());
    const pictures = Array.from({ length: script.count(1) }, (_, i) => base64(script.picture(seed + i)));
    if (pictures.includes(null)) return { body: { finish_reasons: ["Filter reason: output image"] } };
    return { body: { seeds: [seed], finish_reasons: pictures.map(() => null), images: pictures } };
  },
});

/** Nova Canvas has fewer seeds than there are: this is the one that 4,000,000,000 becomes. */
const FOLDED = 4_000_000_000 % 858_993_460;

generatorContract("bedrock with Nova Canvas", {
  ...common,
  batches: true,
  withholds: "each",
  options: { ...AWS, model: "amazon.nova-canvas-v1:0" },
  vendor: (script) => async (call) => {
    await script.ready;
    const job = z
      .object({
        imageGenerationConfig: z.object({
          seed: z.int().min(0).max(858_993_459),
          numberOfImages: z.int().min(1).max(5),
        }),
      })
      .parse(call.json());
    const { seed, numberOfImages } = job.imageGenerationConfig;
    const pictures = Array.from({ length: script.count(numberOfImages) }, (_, i) =>
      base64(script.picture(seed === FOLDED ? 4_000_000_000 : seed + i)),
    );
    if (pictures.length > 0 && pictures.every((picture) => picture === null))
      return awsError(400, "ValidationException", "This request has been blocked by our content filters.");
    return { body: { images: pictures, error: null } };
  },
});
