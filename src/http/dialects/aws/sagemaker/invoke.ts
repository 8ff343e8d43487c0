import type { Context } from "hono";
import type { Service } from "../../../../app/service.ts";
import { severity } from "../../../../contract/actions.ts";
import { SafelightError } from "../../../../contract/errors.ts";
import type { GenerationRecord, GenerationRequest } from "../../../../contract/generation.ts";
import { assertAtMost } from "../../../body.ts";
import type { App, Door, Environment } from "../../../types.ts";
import { AwsFault } from "../faults.ts";
import { isRefused, tellDecision } from "../judgement.ts";
import { modelError, refusal, summary } from "./model-error.ts";
import { asJpeg, asPixels, asPng, type Shown } from "./pictures.ts";
import { type By, type Invocation, type Invoked, readInvocation } from "./request.ts";

/** The endpoint that stands for the generator that requests without one go to. */
const DEFAULT = "default";
/** The variant that SageMaker's own tools give an endpoint with one model: no choice of a policy. */
const ALL = "AllTraffic";

/**
 * `InvokeEndpoint` of the SageMaker runtime, for JumpStart's text-to-image containers. Endpoints are generators, and their production
 * variants are policies.
 * @see https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
 */
export function invokeRoutes(app: App, { service }: Door): void {
  const invoke = async (c: Context<Environment>) => {
    const name = c.req.param("name") ?? "";
    const generator = generatorNamed(name, service);
    const policy = policyNamed(c.req.header("X-Amzn-SageMaker-Target-Variant") ?? ALL, service);
    const body = new Uint8Array(await c.req.arrayBuffer());
    assertAtMost(body.buffer);
    const contentType = c.req.header("Content-Type") ?? "application/json";
    const invocation = read(
      { contentType, accept: c.req.header("Accept") ?? "", body },
      { generator, policy },
      service,
    );
    const made: Made[] = [];
    for (const request of invocation.requests) made.push(await generate(service, request, c.req.raw.signal));
    const worst = made
      .map(({ record }) => record)
      .reduce((one, other) => (severity(other.action ?? "block") > severity(one.action ?? "block") ? other : one));
    if (worst.action) tellDecision(c, { action: worst.action, policy: worst.policy });
    c.header("x-amzn-RequestId", c.get("requestId"));
    c.header("x-Amzn-Invoked-Production-Variant", policy);
    return c.body(await answerOf(invocation, made), 200, { "Content-Type": "application/json" });
  };
  app.post("/aws/endpoints/:name/invocations", invoke);
  app.post("/aws//endpoints/:name/invocations", invoke); // what clients ask whose endpoint is configured with a slash at its end
}

function generatorNamed(name: string, service: Service): string {
  const names = service.generators().map((generator) => generator.name);
  if (names.includes(name)) return name;
  if (name === DEFAULT) return service.defaultGenerator;
  const detail = `Endpoint ${name.slice(0, 63)} not found; there are: ${[DEFAULT, ...names].join(", ")}.`;
  throw new AwsFault("not_found", "ValidationError", detail);
}

function policyNamed(name: string, service: Service): string {
  if (name === ALL) return service.defaultPolicy;
  if (service.policyNames().includes(name)) return name;
  const detail = `Variant ${name.slice(0, 63)} not found; there are: ${[ALL, ...service.policyNames()].join(", ")}.`;
  throw new AwsFault("not_found", "ValidationError", detail);
}

function read(invoked: Invoked, by: By, { limits }: Service): Invocation {
  try {
    return readInvocation(invoked, by, limits);
  } catch (error) {
    if (!(error instanceof SafelightError) || error.code !== "invalid_request") throw error;
    throw modelError("invalid_request", 400, "bad_request", error.detail);
  }
}

interface Made {
  readonly record: GenerationRecord;
  readonly pictures: readonly (Shown & { readonly seed: number })[];
}

/** Runs the whole moderated generation. @throws AwsFault `ModelError` when it is refused, held or fails */
async function generate(service: Service, request: GenerationRequest, signal: AbortSignal): Promise<Made> {
  const generation = service.generate(request, signal);
  const record = await generation.record;
  assertComplete(record);
  const pictures = record.images.map(({ index, action, seed, width, height }) => ({
    picture: isRefused({ action }) ? undefined : generation.pictures.get(index),
    seed,
    width: width ?? request.width,
    height: height ?? request.height,
  }));
  return { record, pictures };
}

function assertComplete(record: GenerationRecord): void {
  switch (record.state) {
    case "complete":
      return;
    case "refused":
      throw refusal(record, record.prompt?.reasons[0]?.message ?? "The policy refuses the prompt.");
    case "held":
      throw refusal(record, "The prompt is held until a person has decided.");
    case "running":
    case "failed":
    case "cancelled": {
      const { code, detail } = record.error ?? { code: "internal" as const, detail: "the record has no error" };
      if (code === "provider_rejected") throw modelError(code, 400, "generation_error", detail);
      if (code === "provider_timeout") throw modelError(code, 0, "generation_error", "invocation timed out");
      if (code === "provider_failed") throw modelError(code, 500, "generation_error", detail);
      throw new SafelightError(code, detail);
    }
  }
}

async function answerOf({ form, single, echo }: Invocation, made: readonly Made[]): Promise<string> {
  const pictures = made.flatMap((each) => each.pictures);
  const summaries = made.map(({ record }) => summary(record));
  const safelight = summaries.length === 1 ? summaries[0] : summaries;
  if (form === "artifacts") {
    const artifacts = await Promise.all(
      pictures.map(async (shown) => ({
        seed: shown.seed,
        base64: await asPng(shown),
        finishReason: shown.picture ? "SUCCESS" : "CONTENT_FILTERED",
      })),
    );
    return JSON.stringify({ result: "success", artifacts, safelight });
  }
  const [first] = made;
  if (first && pictures.every(({ picture }) => picture === undefined)) throw refusal(first.record, noneShown(made));
  // each is JSON already: pixels are too many to be put into objects first
  const values: string[] = [];
  for (const shown of pictures)
    values.push(
      form === "pixels" ? await asPixels(shown) : JSON.stringify(await (form === "png" ? asPng : asJpeg)(shown)),
    );
  const rest = `"safelight":${JSON.stringify(safelight)}}`;
  if (form === "png") return `{"generated_image":${values[0]},${rest}`;
  const key = single ? `"generated_image":${values[0]}` : `"generated_images":[${values.join(",")}]`;
  return `{${key},"prompt":${JSON.stringify(echo)},${rest}`;
}

function noneShown(made: readonly Made[]): string {
  const why = made.flatMap(({ record }) => record.images).find(({ reasons }) => reasons.length > 0)?.reasons[0];
  return `None of the pictures that were made for the prompt may be shown. ${why?.message ?? "The policy decided so."}`;
}
