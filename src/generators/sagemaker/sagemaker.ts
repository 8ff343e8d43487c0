import { InvokeEndpointCommand, SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import { SafelightError } from "../../contract/errors.ts";
import type { ImageGenerator } from "../../contract/generator.ts";
import { AwsCaller, assertRegion, awsClientConfig } from "../../outbound/aws.ts";
import { probeAws } from "../../outbound/aws-probe.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { inCalls } from "../calls.ts";
import { readAnswer, refusedAll, saysRefused } from "./answer.ts";
import { AsyncEndpoint } from "./async.ts";
import { bodyOf } from "./body.ts";
import { asModelError, modelFailed } from "./model-error.ts";
import type { SageMakerOptions } from "./options.ts";

/** SageMaker gives a container 60 seconds, and then answers itself. */
const IDLE_MS = 70_000;

/** A Stable Diffusion model of SageMaker JumpStart, or another in its containers, behind a real-time or an asynchronous endpoint. */
export async function openSageMaker(options: SageMakerOptions): Promise<ImageGenerator> {
  checkTogether(options);
  const client = new SageMakerRuntimeClient(await awsClientConfig(options, IDLE_MS));
  await assertRegion(client);
  const caller = new AwsCaller(GENERATOR);
  const accept = options.accept ?? (options.payload === "sgm" ? "application/json" : "application/json;jpeg");
  const queue =
    options.s3_input === undefined ? undefined : await AsyncEndpoint.open(client, caller, options, options.s3_input);
  const invoke = async (body: Uint8Array, signal: AbortSignal): Promise<Uint8Array | "refused"> => {
    if (queue) return queue.invoke(body, accept, signal);
    const command = new InvokeEndpointCommand({
      EndpointName: options.endpoint_name,
      ContentType: "application/json",
      Accept: accept,
      Body: body,
      ...(options.target_model === undefined ? {} : { TargetModel: options.target_model }),
      ...(options.target_variant === undefined ? {} : { TargetVariant: options.target_variant }),
      ...(options.inference_component === undefined ? {} : { InferenceComponentName: options.inference_component }),
    });
    return caller.call(async (send) => {
      try {
        return (await client.send(command, send)).Body ?? new Uint8Array();
      } catch (error) {
        const said = asModelError(error);
        if (!said) throw error;
        if (saysRefused(said.OriginalMessage ?? "")) return "refused";
        throw modelFailed(said);
      }
    }, signal);
  };
  return {
    id: "sagemaker",
    version: "1",
    generate: (request, caller, onProgress) =>
      inCalls(
        request,
        { each: options.pictures_per_call, atOnce: options.concurrent_calls },
        async (slots, signal) => {
          const answer = await invoke(bodyOf(request, slots, options), signal);
          return answer === "refused" ? refusedAll(slots) : readAnswer(answer, slots);
        },
        caller,
        onProgress,
      ),
    probe: (signal, run) => probeAws(GENERATOR, client, { signal, run }),
    async close() {
      caller.close();
      await queue?.close();
      client.destroy();
    },
  };
}

/** What no single option can tell about itself. */
function checkTogether({ payload, sampler, s3_input, s3_endpoint, ...options }: SageMakerOptions): void {
  const wrong = (detail: string) => new SafelightError("config_invalid", detail);
  if (sampler !== undefined && payload !== "sgm") throw wrong("sampler: only payload sgm has one");
  if (s3_endpoint !== undefined && s3_input === undefined) throw wrong("s3_endpoint: has no meaning without s3_input");
  for (const key of ["target_model", "target_variant", "inference_component"] as const) {
    if (options[key] !== undefined && s3_input !== undefined)
      throw wrong(`${key}: an asynchronous endpoint (s3_input) has none`);
  }
}
