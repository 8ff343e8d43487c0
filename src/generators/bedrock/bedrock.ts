import { BedrockRuntimeClient, InvokeModelCommand } from "@aws-sdk/client-bedrock-runtime";
import { SafelightError } from "../../contract/errors.ts";
import type { GeneratedImage, ImageGenerator, ImageRequest } from "../../contract/generator.ts";
import { AwsCaller, assertRegion, awsClientConfig } from "../../outbound/aws.ts";
import { probeAws } from "../../outbound/aws-probe.ts";
import { readJson } from "../../outbound/client.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { inCalls, type Slot } from "../calls.ts";
import { AmazonAnswer, amazonBody, FILTERED, readAmazon, saysFiltered } from "./amazon.ts";
import type { BedrockOptions, Family } from "./options.ts";
import { readStability, StabilityAnswer, stabilityBody } from "./stability.ts";

/** The largest pictures take minutes. */
const IDLE_MS = 300_000;

/** Text-to-image models of Amazon Bedrock: Stability's, and Amazon's Nova Canvas and Titan Image Generator. */
export async function openBedrock(options: BedrockOptions): Promise<ImageGenerator> {
  const family = familyOf(options);
  checkTogether(family, options);
  const client = new BedrockRuntimeClient(await awsClientConfig(options, IDLE_MS));
  await assertRegion(client);
  const caller = new AwsCaller(GENERATOR);
  const invoke = (body: object, signal: AbortSignal): Promise<Uint8Array | "filtered"> => {
    const command = new InvokeModelCommand({
      modelId: options.model,
      contentType: "application/json",
      accept: "application/json",
      body: JSON.stringify(body),
    });
    return caller.call(async (send) => {
      try {
        return (await client.send(command, send)).body;
      } catch (error) {
        if (error instanceof Error && error.name === "ValidationException" && saysFiltered(error.message))
          return "filtered";
        throw error;
      }
    }, signal);
  };
  return {
    id: "bedrock",
    version: "1",
    generate: (request, signal, onProgress) =>
      inCalls(
        request,
        { each: options.pictures_per_call, atOnce: options.concurrent_calls },
        async (slots, both) => {
          const bytes = await invoke(bodyOf(family, request, slots, options), both);
          return bytes === "filtered" ? slots.map(() => FILTERED) : read(family, bytes, slots, options);
        },
        signal,
        onProgress,
      ),
    probe: (signal, run) => probeAws(GENERATOR, client, { signal, run }),
    async close() {
      caller.close();
      client.destroy();
    },
  };
}

function bodyOf(family: Family, request: ImageRequest, slots: readonly Slot[], options: BedrockOptions): object {
  return family === "stability" ? stabilityBody(request, slots, options) : amazonBody(family, request, slots, options);
}

function read(
  family: Family,
  bytes: Uint8Array,
  slots: readonly Slot[],
  options: BedrockOptions,
): readonly GeneratedImage[] {
  return family === "stability"
    ? readStability(readJson(GENERATOR, { bytes }, StabilityAnswer), slots, options)
    : readAmazon(readJson(GENERATOR, { bytes }, AmazonAnswer), slots);
}

/** @throws SafelightError `config_invalid` when neither `family` nor the model's id tells */
function familyOf({ family, model }: BedrockOptions): Family {
  if (family) return family;
  if (/(?:^|[./])stability\./.test(model)) return "stability";
  if (/(?:^|[./])amazon\.nova-canvas/.test(model)) return "nova-canvas";
  if (/(?:^|[./])amazon\.titan-image/.test(model)) return "titan-image";
  throw new SafelightError("config_invalid", "family: must be given, because the model's id does not tell whose it is");
}

function checkTogether(family: Family, options: BedrockOptions): void {
  const others =
    family === "stability"
      ? { quality: options.quality, guidance_scale: options.guidance_scale }
      : { output_format: options.output_format };
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined) throw new SafelightError("config_invalid", `${name}: the models of ${family} have none`);
  }
  if (family === "stability" && options.pictures_per_call > 1)
    throw new SafelightError("config_invalid", "pictures_per_call: the models of stability make one at a time");
}
