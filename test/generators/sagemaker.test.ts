import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { GeneratedImage, ImageRequest } from "../../src/contract/generator.ts";
import { SageMakerOptions } from "../../src/generators/sagemaker/options.ts";
import { readPixels } from "../../src/generators/sagemaker/pixels.ts";
import { openSageMaker } from "../../src/generators/sagemaker/sagemaker.ts";
import { AWS, awsError, signedFor, useTestAccount } from "../vendors/aws-account.ts";
import { FakeS3, s3Error } from "../vendors/aws-s3.ts";
import { JumpStartJob, SgmJob } from "../vendors/aws-sagemaker.ts";
import { faultSuite, PROMPT } from "../vendors/faults.ts";
import { type Answerer, type Reply, type VendorCall, vendorServer } from "../vendors/server.ts";

useTestAccount();

const never = new AbortController().signal;
const asked = (seeds: readonly number[], change: Partial<ImageRequest> = {}): ImageRequest => ({
  prompt: PROMPT,
  negativePrompt: "blurry",
  width: 512,
  height: 256,
  attempt: 1,
  images: seeds.map((seed, index) => ({ index, seed })),
  ...change,
});
const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0]).toString("base64");
const ENDPOINT = { ...AWS, endpoint_name: "sd" };

/** Asks a generator with these options, whose endpoint answers this. */
async function ask(answer: Answerer, options: object = {}, request = asked([7]), signal = never) {
  await using vendor = await vendorServer(answer);
  const generator = await openSageMaker(SageMakerOptions.parse({ ...ENDPOINT, endpoint: vendor.url, ...options }));
  try {
    return { answers: await generator.generate(request, signal), calls: vendor.calls };
  } finally {
    await generator.close?.();
  }
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );

describe("the sagemaker generator", () => {
  test("signs a call for SageMaker, to the endpoint's address, asking for JPEGs", async () => {
    const { calls } = await ask(() => ({ body: { generated_images: [jpeg] } }));
    const [call] = calls;
    expect(call).toMatchObject({ method: "POST", path: "/endpoints/sd/invocations" });
    expect(call?.headers).toMatchObject({ "content-type": "application/json", accept: "application/json;jpeg" });
    expect(call && signedFor(call)).toEqual({ region: "us-east-1", service: "sagemaker" });
  });

  test("asks a JumpStart container for what the request says", async () => {
    const { calls, answers } = await ask(
      () => ({ body: { generated_images: [jpeg], prompt: PROMPT } }),
      { steps: 40 },
      asked([7], { guidanceScale: 9 }),
    );
    expect(calls[0]?.json()).toEqual({
      prompt: PROMPT,
      negative_prompt: "blurry",
      width: 512,
      height: 256,
      num_images_per_prompt: 1,
      num_inference_steps: 40,
      guidance_scale: 9,
      seed: 7,
    });
    expect(answers).toEqual([{ kind: "image", bytes: expect.any(Uint8Array), mediaType: "image/jpeg", seed: 7 }]);
  });

  test("leaves steps, guidance and an empty negative prompt to the model", async () => {
    const { calls } = await ask(() => ({ body: { generated_images: [jpeg] } }), {}, asked([7], { negativePrompt: "" }));
    expect(Object.keys(calls[0]?.json() as object).toSorted()).toEqual([
      "height",
      "num_images_per_prompt",
      "prompt",
      "seed",
      "width",
    ]);
  });

  test("asks Stability's container with the negative prompt as a weight", async () => {
    const artifacts = [{ seed: 7, base64: jpeg, finishReason: "SUCCESS" }];
    const { calls } = await ask(() => ({ body: { result: "success", artifacts } }), {
      payload: "sgm",
      sampler: "K_EULER",
      steps: 30,
      guidance_scale: 5,
    });
    expect(SgmJob.parse(calls[0]?.json())).toEqual({
      text_prompts: [{ text: PROMPT }, { text: "blurry", weight: -1 }],
      width: 512,
      height: 256,
      seed: 7,
      steps: 30,
      cfg_scale: 5,
      sampler: "K_EULER",
    });
    expect(calls[0]?.headers.accept).toBe("application/json");
  });

  test("several pictures a call share its seed, and are asked for together", async () => {
    const { calls, answers } = await ask(
      (call) => {
        const { num_images_per_prompt: count } = JumpStartJob.parse(call.json());
        return { body: { generated_images: Array.from({ length: count }, () => jpeg) } };
      },
      { pictures_per_call: 2 },
      asked([7, 8, 9]),
    );
    expect(
      calls.map((call) => JumpStartJob.parse(call.json())).map((job) => [job.seed, job.num_images_per_prompt]),
    ).toEqual([
      [7, 2],
      [9, 1],
    ]);
    expect(answers.map((answer) => answer.kind === "image" && answer.seed)).toEqual([7, 7, 9]);
  });

  test("as many calls run at once as the options allow", async () => {
    for (const [concurrent_calls, most] of [
      [1, 1],
      [3, 3],
    ] as const) {
      let now = 0;
      let peak = 0;
      await ask(
        async () => {
          peak = Math.max(peak, ++now);
          await new Promise((go) => setTimeout(go, 30));
          now--;
          return { body: { generated_images: [jpeg] } };
        },
        { concurrent_calls },
        asked([1, 2, 3, 4, 5]),
      );
      expect(peak).toBe(most);
    }
  });

  test("names target model, variant and inference component", async () => {
    const { calls } = await ask(() => ({ body: { generated_images: [jpeg] } }), {
      target_model: "sd-v2.tar.gz",
      target_variant: "Blue",
      inference_component: "sd-1",
    });
    expect(calls[0]?.headers).toMatchObject({
      "x-amzn-sagemaker-target-model": "sd-v2.tar.gz",
      "x-amzn-sagemaker-target-variant": "Blue",
      "x-amzn-sagemaker-inference-component": "sd-1",
    });
  });

  test.each<[string, object, RegExp]>([
    ["a sampler without a container that has one", { sampler: "K_EULER" }, /^sampler:/],
    ["an address of S3 without S3", { s3_endpoint: "http://127.0.0.1:9" }, /^s3_endpoint:/],
    ["a variant of an asynchronous endpoint", { s3_input: "s3://jobs", target_variant: "Blue" }, /^target_variant:/],
    ["no region", { region: undefined }, /^no AWS region is known/],
  ])("%s is a mistake in the configuration", async (_name, options, detail) => {
    const opened = openSageMaker(SageMakerOptions.parse({ ...ENDPOINT, ...options }));
    await expect(opened).rejects.toMatchObject({ code: "config_invalid", detail: expect.stringMatching(detail) });
  });

  test.each([
    { endpoint_name: "-sd" },
    { endpoint_name: "x".repeat(64) },
    { s3_input: "https://bucket/in" },
    { s3_input: "s3://B" },
    { region: "Frankfurt" },
    { endpoint: "ftp://host" },
    { pictures_per_call: 0 },
    { target_model: "a b" },
    { credentials: { access_key_id: { from_env: "A" } } },
  ])("%j is refused by the schema", (options) => {
    expect(SageMakerOptions.safeParse({ ...ENDPOINT, ...options }).success).toBe(false);
  });
});

describe("the forms that containers answer in", () => {
  const pixels = (width: number, height: number, start = 0) =>
    Array.from({ length: height }, (_, y) =>
      Array.from({ length: width }, (_, x) => [(start + x * 16) % 256, (y * 32) % 256, 128]),
    );

  async function expectPixels(answer: GeneratedImage | undefined, wanted: readonly (readonly (readonly number[])[])[]) {
    if (answer?.kind !== "image") return expect.fail("no picture");
    expect(answer.mediaType).toBe("image/png");
    const { data, info } = await sharp(answer.bytes).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: wanted[0]?.length, height: wanted.length, channels: 3 });
    expect([...data]).toEqual(wanted.flat(2));
  }

  test("raw pixels, one picture: height × width × 3", async () => {
    const wanted = pixels(5, 3);
    const { answers } = await ask(() => ({ body: { generated_image: wanted, prompt: PROMPT } }));
    await expectPixels(answers[0], wanted);
  });

  test("raw pixels, several pictures, with blanks and fractions of nothing, behind a prompt full of brackets", async () => {
    const wanted = [pixels(4, 2), pixels(4, 2, 90)];
    const spaced = JSON.stringify(wanted).replaceAll(",", " ,\n ").replaceAll("128", "128.0");
    const prompt = JSON.stringify('"generated_images": [[[[1,2,3]]]] \\" {[');
    const { answers } = await ask(
      () => ({ body: `{"prompt": ${prompt}, "more": {"generated_image": [[9]]}, "generated_images" : ${spaced} }` }),
      { pictures_per_call: 2 },
      asked([7, 8]),
    );
    await expectPixels(answers[0], wanted[0] ?? []);
    await expectPixels(answers[1], wanted[1] ?? []);
  });

  test("reading a picture of 512 × 512 pauses for other work, every 256 KB", async () => {
    const wanted = pixels(512, 512);
    const json = Buffer.from(JSON.stringify({ generated_image: wanted }));
    let turns = 0;
    let reading = true;
    const count = () => {
      turns++;
      if (reading) setImmediate(count);
    };
    setImmediate(count);
    const [bytes = new Uint8Array()] = (await readPixels(json)) ?? [];
    reading = false;
    expect(turns).toBeGreaterThan(json.length / (256 * 1024) - 1);
    await expectPixels({ kind: "image", bytes, mediaType: "image/png" }, wanted);
  });

  test.each<[string, unknown]>([
    ["two channels", [[[1, 2]]]],
    ["four channels", [[[1, 2, 3, 4]]]],
    [
      "rows of different lengths",
      [
        [
          [1, 2, 3],
          [1, 2, 3],
        ],
        [[1, 2, 3]],
      ],
    ],
    ["too deep", [[[[[1, 2, 3]]]]]],
    ["too shallow", [[1, 2, 3]]],
    ["above 255", [[[1, 2, 256]]]],
    ["below 0", [[[1, 2, -1]]]],
    ["no numbers", [[["a", "b", "c"]]]],
    ["numbers at several depths", [[[1, 2, 3], 4, [1, 2, 3]]]],
    ["empty rows", [[[]]]],
    ["a row that is no pixel", [[[1, 2, 3], null]]],
  ])("arrays with %s are no picture", async (_name, arrays) => {
    const failure = await failureOf(ask(() => ({ body: { generated_image: arrays } })));
    expect(failure).toMatchObject({
      code: "provider_failed",
      detail: expect.stringMatching(/array of height × width × 3/),
    });
  });

  test("arrays cut short are not JSON", async () => {
    const failure = await failureOf(ask(() => ({ body: '{"generated_image": [[[1,2,3],[1,2' })));
    expect(failure).toMatchObject({ code: "provider_failed", detail: "its answer is not JSON" });
  });

  test("one picture in base64, as Stability's open models answer", async () => {
    const { answers } = await ask(() => ({ body: { generated_image: jpeg } }), { payload: "sgm" });
    expect(answers).toEqual([{ kind: "image", bytes: expect.any(Uint8Array), mediaType: "image/jpeg", seed: 7 }]);
  });

  test("artifacts, each with its own seed and its own end", async () => {
    const artifacts = [
      { seed: 70, base64: jpeg, finishReason: "SUCCESS" },
      { seed: 71, base64: jpeg, finishReason: "CONTENT_FILTERED" },
    ];
    const { answers } = await ask(
      () => ({ body: { result: "success", artifacts } }),
      { payload: "sgm", pictures_per_call: 2 },
      asked([7, 8]),
    );
    expect(answers).toEqual([
      { kind: "image", bytes: expect.any(Uint8Array), mediaType: "image/jpeg", seed: 70 },
      { kind: "withheld", reason: "CONTENT_FILTERED" },
    ]);
  });

  const SENTENCE = `One or more prompts contains filtered words: ${PROMPT}`;
  test.each<[string, object]>([
    ["within", { result: "error", error: { id: "1", name: "invalid_prompts", message: SENTENCE } }],
    ["at the top", { id: "1", name: "invalid_prompts", message: SENTENCE }],
  ])("a prompt refused in an answer of status 200, with the name %s", async (_name, body) => {
    const { answers } = await ask(() => ({ body }), { payload: "sgm", pictures_per_call: 2 }, asked([7, 8]));
    expect(answers).toEqual([
      { kind: "withheld", reason: "invalid_prompts" },
      { kind: "withheld", reason: "invalid_prompts" },
    ]);
  });

  test.each<[string, object]>([
    ["an error of the model", { result: "error", error: { name: "generation_error", message: PROMPT } }],
    ["an error without a name", { result: "error", error: { message: PROMPT } }],
    ["an artifact that failed", { artifacts: [{ seed: 1, base64: null, finishReason: "ERROR" }] }],
    ["an artifact without an end", { artifacts: [{ seed: 1, base64: jpeg }] }],
  ])("%s is a failure", async (_name, body) => {
    const failure = await failureOf(ask(() => ({ body }), { payload: "sgm" }));
    expect(failure).toMatchObject({ code: "provider_failed" });
    expect(String(failure)).not.toContain("castle");
  });
});

describe("what SageMaker and the container behind it say of a failure", () => {
  const modelError = (status: number, message: string) =>
    awsError(424, "ModelError", `Received client error (${status}) from primary with message "${message}".`, {
      ErrorCode: "CLIENT_ERROR_FROM_MODEL",
      OriginalStatusCode: status,
      OriginalMessage: message,
      LogStreamArn: "arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/Endpoints/sd",
    });
  const mms = JSON.stringify({ code: 400, type: "InternalServerException", message: `${PROMPT} is no prompt` });

  test.each<[string, Reply, string, object, number]>([
    [
      "a container's 400",
      modelError(400, mms),
      "provider_rejected",
      { status: 400, code: "ModelError:InternalServerException" },
      1,
    ],
    [
      "a container's 500",
      modelError(500, `CUDA out of memory: ${PROMPT}`),
      "provider_failed",
      { status: 500, code: "ModelError:out_of_memory" },
      3,
    ],
    ["a container's 507", modelError(507, "worker died"), "provider_failed", { status: 500, code: "ModelError" }, 3],
    [
      "a container that took too long",
      modelError(0, "Invocation timed out"),
      "provider_failed",
      { status: null, code: "ModelError:timeout" },
      1,
    ],
    [
      "a container that took too long, as a 500",
      modelError(500, "Invocation timed out"),
      "provider_failed",
      { status: null, code: "ModelError:timeout" },
      1,
    ],
    ["a container without a status", modelError(0, ""), "provider_failed", { status: null, code: "ModelError" }, 1],
    [
      "a model that is being loaded",
      awsError(429, "ModelNotReadyException", "wait"),
      "provider_failed",
      { status: 429 },
      3,
    ],
    [
      "an endpoint that is not there",
      awsError(400, "ValidationError", "Endpoint sd not found."),
      "provider_rejected",
      { status: 400, code: "ValidationError" },
      1,
    ],
    [
      "too many calls",
      awsError(400, "ThrottlingException", PROMPT),
      "provider_failed",
      { status: 429, code: "ThrottlingException" },
      3,
    ],
    [
      "a dependency of AWS's",
      awsError(530, "InternalDependencyException", PROMPT),
      "provider_failed",
      { status: 502 },
      3,
    ],
    [
      "no right to ask",
      awsError(400, "AccessDeniedException", PROMPT),
      "provider_rejected",
      { status: 403, code: "AccessDeniedException" },
      1,
    ],
  ])("%s", async (_name, reply, code, vendor, tries) => {
    let calls = 0;
    const failure = await failureOf(
      ask(() => {
        calls++;
        return { ...reply, headers: { ...reply.headers, "retry-after": "0" } };
      }),
    );
    expect(failure).toMatchObject({ code, vendor: { request_id: "aws-1", ...vendor } });
    expect(calls).toBe(tries);
    expect(JSON.stringify([String(failure), failure])).not.toContain("castle");
  });

  test("a container whose filter refuses the prompt with status 400 withholds the pictures", async () => {
    const said = JSON.stringify({ error: { name: "invalid_prompts", message: PROMPT } });
    const { answers } = await ask(() => modelError(400, said), { payload: "sgm" });
    expect(answers).toEqual([{ kind: "withheld", reason: "invalid_prompts" }]);
  });
});

describe("an asynchronous endpoint", () => {
  /** SageMaker and S3 at one address. `finish` is told where the answer is awaited, and where a failure would be. */
  async function askAsync(
    finish: (s3: FakeS3, output: string, failure: string) => void,
    { caller = never, s3 = new FakeS3(), strike = (_call: VendorCall): Reply | undefined => undefined } = {},
  ) {
    const jobs: VendorCall[] = [];
    await using vendor = await vendorServer((call) => {
      const struck = strike(call);
      if (struck) return struck;
      if (!call.path.endsWith("/async-invocations")) return s3.answer(call);
      jobs.push(call);
      finish(s3, "results/a.out", "failures/a-error.out");
      const headers = {
        "x-amzn-sagemaker-outputlocation": "s3://results/a.out",
        "x-amzn-sagemaker-failurelocation": "s3://failures/a-error.out",
      };
      return { status: 202, headers, body: { InferenceId: "1" } };
    });
    const generator = await openSageMaker(
      SageMakerOptions.parse({
        ...ENDPOINT,
        endpoint: vendor.url,
        s3_endpoint: vendor.url,
        s3_input: "s3://jobs/safelight/in/",
      }),
    );
    const answer = await generator.generate(asked([7]), caller).catch((error: unknown) => error);
    await generator.close?.();
    return { answer, s3, jobs, calls: vendor.calls };
  }

  const good = Buffer.from(JSON.stringify({ generated_images: [jpeg] }));

  test("takes its request from S3 and leaves its answer there; nothing stays behind", async () => {
    let put: unknown;
    const { answer, s3, jobs, calls } = await askAsync((s3, output) => {
      const [[key, body] = []] = s3.objects;
      expect(key).toMatch(/^jobs\/safelight\/in\/[0-9a-f-]{36}\.json$/);
      put = JSON.parse(String(body));
      setTimeout(() => s3.objects.set(output, good), 400);
    });
    expect(answer).toEqual([{ kind: "image", bytes: expect.any(Uint8Array), mediaType: "image/jpeg", seed: 7 }]);
    expect(JumpStartJob.parse(put)).toMatchObject({ prompt: PROMPT, seed: 7 });
    expect(jobs[0]).toMatchObject({ path: "/endpoints/sd/async-invocations", text: "" });
    expect(jobs[0]?.headers).toMatchObject({
      "x-amzn-sagemaker-inputlocation": expect.stringMatching(/^s3:\/\/jobs\/safelight\/in\/[0-9a-f-]{36}\.json$/),
      "x-amzn-sagemaker-content-type": "application/json",
      "x-amzn-sagemaker-accept": "application/json;jpeg",
    });
    expect(s3.objects.size).toBe(0);
    expect(s3.calls.filter((call) => call === "GET results/a.out").length).toBeGreaterThan(1);
    expect(calls.map(signedFor).map((signed) => signed?.service)).toEqual(
      calls.map(({ path }) => (path.startsWith("/endpoints") ? "sagemaker" : "s3")),
    );
  });

  test.each<[string, string, string, object]>([
    [
      "with a container's 500",
      `Received server error (500) from model: ${PROMPT}, CUDA out of memory`,
      "provider_failed",
      { status: 500, code: "ModelError:out_of_memory" },
    ],
    [
      "with a container's 400",
      `Received client error (400) from model: ${PROMPT}`,
      "provider_rejected",
      { status: 400, code: "ModelError" },
    ],
  ])("that fails %s says so, and nothing stays behind", async (_name, message, code, vendor) => {
    const { answer, s3 } = await askAsync((s3, _output, failure) => s3.objects.set(failure, Buffer.from(message)));
    expect(answer).toMatchObject({ code, vendor });
    expect(JSON.stringify([String(answer), answer])).not.toContain("castle");
    expect(s3.objects.size).toBe(0);
  });

  test("whose answer is far too large is not read, and its connection does not stay open", async () => {
    let closed = false;
    await using vendor = await vendorServer((call, response) => {
      if (call.path.endsWith("/async-invocations"))
        return { status: 202, headers: { "x-amzn-sagemaker-outputlocation": "s3://results/a.out" }, body: {} };
      if (call.method !== "GET") return { headers: {}, body: "" };
      response.on("close", () => {
        closed = true;
      });
      response.writeHead(200, { "content-length": 300 * 1024 * 1024 }).write("[");
      return undefined;
    });
    const generator = await openSageMaker(
      SageMakerOptions.parse({ ...ENDPOINT, endpoint: vendor.url, s3_endpoint: vendor.url, s3_input: "s3://jobs/in" }),
    );
    await expect(generator.generate(asked([7]), never)).rejects.toMatchObject({
      code: "provider_failed",
      detail: expect.stringContaining("larger than"),
    });
    await expect.poll(() => closed).toBe(true);
    await generator.close?.();
  });

  test("that fails in words of no known form fails", async () => {
    const { answer } = await askAsync((s3, _output, failure) => s3.objects.set(failure, Buffer.from(PROMPT)));
    expect(answer).toMatchObject({ code: "provider_failed", detail: "the model failed (ModelError)" });
  });

  test("whose container refuses the prompt withholds the pictures", async () => {
    const said = JSON.stringify(JSON.stringify({ error: { name: "invalid_prompts" } }));
    const { answer } = await askAsync((s3, _output, failure) =>
      s3.objects.set(failure, Buffer.from(`Received client error (400) from model with message ${said}`)),
    );
    expect(answer).toEqual([{ kind: "withheld", reason: "invalid_prompts" }]);
  });

  test("loses its request when the caller goes away", async () => {
    const caller = new AbortController();
    const gone = new Error("gone");
    const { answer, s3, jobs } = await askAsync(() => void setTimeout(() => caller.abort(gone), 100), {
      caller: caller.signal,
    });
    expect(answer).toBe(gone);
    expect(jobs).toHaveLength(1);
    expect(s3.objects.size).toBe(0);
    expect(s3.calls.some((call) => call.startsWith("DELETE jobs/safelight/in/"))).toBe(true);
  });

  test("whose bucket may not be written to is not asked", async () => {
    const { answer, jobs } = await askAsync(() => {}, {
      strike: ({ method }) => (method === "PUT" ? s3Error(403, "AccessDenied", PROMPT) : undefined),
    });
    expect(answer).toMatchObject({
      code: "provider_rejected",
      detail: expect.stringMatching(/status 403 \(AccessDenied\): it refuses the credentials/),
      vendor: { status: 403, code: "AccessDenied", request_id: "s3-1" },
    });
    expect(jobs).toHaveLength(0);
  });

  test("whose answer may not be deleted is answered all the same", async () => {
    const { answer } = await askAsync((s3, output) => s3.objects.set(output, good), {
      strike: ({ method }) => (method === "DELETE" ? s3Error(403, "AccessDenied", "no") : undefined),
    });
    expect(answer).toMatchObject([{ kind: "image" }]);
  });

  test("that is none says so", async () => {
    const { answer } = await askAsync(() => {}, {
      strike: ({ path }) => (path.endsWith("/async-invocations") ? { status: 202, body: {} } : undefined),
    });
    expect(answer).toMatchObject({
      code: "provider_failed",
      detail: expect.stringMatching(/is the endpoint asynchronous/),
    });
  });
});

const open = (endpoint: string) => openSageMaker(SageMakerOptions.parse({ ...ENDPOINT, endpoint }));

faultSuite("sagemaker", {
  role: "generator",
  open,
  ask: (generator, signal) => generator.generate(asked([7]), signal),
  close: (generator) => generator.close?.(),
  good: { body: { generated_images: [jpeg] } },
  refusal: (_status, code, words) => ({ body: { __type: code, message: words, Message: words } }),
});

faultSuite("sagemaker's S3", {
  role: "generator",
  open: (url) =>
    openSageMaker(SageMakerOptions.parse({ ...ENDPOINT, endpoint: url, s3_endpoint: url, s3_input: "s3://jobs" })),
  ask: (generator, signal) => generator.generate(asked([7]), signal),
  close: (generator) => generator.close?.(),
  strikes: ({ method, path }) => method === "GET" && path.includes("/results/"),
  good: ({ path, method }) => {
    if (path.endsWith("/async-invocations"))
      return { status: 202, headers: { "x-amzn-sagemaker-outputlocation": "s3://results/a.out" }, body: {} };
    return method === "GET" ? { body: { generated_images: [jpeg] } } : { body: "" };
  },
  refusal: (_status, code, words) => s3Error(0, code, words),
});
