import {
  ApplyGuardrailCommand,
  BedrockRuntimeClient,
  type GuardrailContentBlock,
  type GuardrailContentSource,
} from "@aws-sdk/client-bedrock-runtime";
import type { z } from "zod";
import type { Meter } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { ProbeRun } from "../../../contract/probe.ts";
import { AwsCaller, assertRegion, awsClientConfig } from "../../../outbound/aws.ts";
import { probeAws } from "../../../outbound/aws-probe.ts";
import { DETECTOR } from "../../../outbound/role.ts";
import { GuardrailAnswer } from "./assessment.ts";
import type { GuardrailOptions } from "./options.ts";

const IDLE_MS = 30_000;

/** The policies whose units are billed at one price; words are free. */
const BILLED = [
  "contentPolicyUnits",
  "topicPolicyUnits",
  "sensitiveInformationPolicyUnits",
  "contentPolicyImageUnits",
] as const;

/** A guardrail of Amazon Bedrock, asked without any model (ApplyGuardrail). */
export class Guardrail {
  /** For the version of a detector. */
  readonly version: string;
  readonly #client: BedrockRuntimeClient;
  readonly #caller = new AwsCaller(DETECTOR);
  readonly #options: GuardrailOptions;

  private constructor(client: BedrockRuntimeClient, options: GuardrailOptions) {
    this.#client = client;
    this.#options = options;
    this.version = `${options.guardrail.split("/").at(-1)}.${options.guardrail_version}`;
  }

  /** @throws SafelightError `config_invalid` when there is no region, or a variable is not set */
  static async open(options: GuardrailOptions): Promise<Guardrail> {
    const client = new BedrockRuntimeClient(await awsClientConfig(options, IDLE_MS));
    await assertRegion(client);
    return new Guardrail(client, options);
  }

  async apply(
    source: GuardrailContentSource,
    content: GuardrailContentBlock,
    signal: AbortSignal,
    meter?: Meter,
  ): Promise<z.output<typeof GuardrailAnswer>> {
    const command = new ApplyGuardrailCommand({
      guardrailIdentifier: this.#options.guardrail,
      guardrailVersion: this.#options.guardrail_version,
      source,
      content: [content],
      outputScope: "FULL",
    });
    const answer = GuardrailAnswer.safeParse(
      await this.#caller.call((options) => this.#client.send(command, options), signal),
    );
    if (!answer.success) throw new SafelightError("detector_failed", "its answer has another shape than expected");
    const units = BILLED.reduce((sum, name) => sum + (answer.data.usage?.[name] ?? 0), 0);
    if (units > 0) meter?.(units);
    return answer.data;
  }

  probe(signal: AbortSignal, run: ProbeRun): Promise<string> {
    return probeAws(DETECTOR, this.#client, { signal, run });
  }

  async close(): Promise<void> {
    this.#caller.close();
    this.#client.destroy();
  }
}
