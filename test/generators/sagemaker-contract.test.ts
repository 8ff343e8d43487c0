import { SageMakerOptions } from "../../src/generators/sagemaker/options.ts";
import { openSageMaker } from "../../src/generators/sagemaker/sagemaker.ts";
import { AWS, useTestAccount } from "../vendors/aws-account.ts";
import { FakeS3 } from "../vendors/aws-s3.ts";
import { JumpStartJob, SgmJob } from "../vendors/aws-sagemaker.ts";
import type { Answerer } from "../vendors/server.ts";
import { type GeneratorUnderTest, generatorContract, type Script } from "./contract.ts";

useTestAccount();

const base64 = (given: ReturnType<Script["picture"]>) => {
  if (given.kind === "withheld") throw new Error("this container has no filter");
  return given.kind === "text" ? given.text : Buffer.from(given.bytes).toString("base64");
};

const seedsFrom = (seed: number, count: number) => Array.from({ length: count }, (_, i) => seed + i);

function jumpStartAnswer(script: Script, body: unknown): object {
  const job = JumpStartJob.parse(body);
  const seeds = seedsFrom(job.seed, script.count(job.num_images_per_prompt));
  return { generated_images: seeds.map((seed) => base64(script.picture(seed))), prompt: job.prompt };
}

const common = {
  schema: SageMakerOptions,
  open: openSageMaker,
  address: "endpoint",
  seeds: true,
  encoding: "base64",
} as const satisfies Partial<GeneratorUnderTest<typeof SageMakerOptions>>;

generatorContract("sagemaker with a JumpStart container", {
  ...common,
  batches: true,
  options: { ...AWS, endpoint_name: "sd" },
  vendor: (script) => async (call) => {
    await script.ready;
    return { body: jumpStartAnswer(script, call.json()) };
  },
});

generatorContract("sagemaker with Stability's container", {
  ...common,
  batches: true,
  withholds: "each",
  options: { ...AWS, endpoint_name: "sdxl", payload: "sgm" },
  vendor: (script) => async (call) => {
    await script.ready;
    const job = SgmJob.parse(call.json());
    const artifacts = seedsFrom(job.seed, script.count(job.samples ?? 1)).map((seed) => {
      const given = script.picture(seed);
      const filtered = given.kind === "withheld";
      const blurred = Buffer.from("blurred").toString("base64");
      return {
        seed,
        base64: filtered ? blurred : base64(given),
        finishReason: filtered ? "CONTENT_FILTERED" : "SUCCESS",
      };
    });
    return { body: { result: "success", artifacts } };
  },
});

/** SageMaker and S3 at one address: the endpoint writes what it makes into the bucket. */
function asynchronous(script: Script): Answerer {
  const s3 = new FakeS3();
  return async (call) => {
    if (!call.path.endsWith("/async-invocations")) return s3.answer(call);
    const input = String(call.headers["x-amzn-sagemaker-inputlocation"]).replace("s3://", "");
    const body: unknown = JSON.parse(String(s3.objects.get(input)));
    const name = `${input.split("/").at(-1)}.out`;
    void script.ready.then(() => {
      s3.objects.set(`out/${name}`, Buffer.from(JSON.stringify(jumpStartAnswer(script, body))));
    });
    const headers = { "x-amzn-sagemaker-outputlocation": `s3://out/${name}` };
    return { status: 202, headers, body: { InferenceId: "1" } };
  };
}

generatorContract("sagemaker with an asynchronous endpoint", {
  ...common,
  batches: true,
  options: { ...AWS, endpoint_name: "sd-async", s3_input: "s3://jobs/in" },
  open: (options) =>
    openSageMaker({ ...options, ...(options.endpoint === undefined ? {} : { s3_endpoint: options.endpoint }) }),
  vendor: asynchronous,
});
