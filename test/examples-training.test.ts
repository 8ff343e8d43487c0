import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { World } from "./cli/world.ts";

const run = promisify(execFile);
const EXAMPLES = join(import.meta.dirname, "../examples/training");
const CLI = join(import.meta.dirname, "../src/cli/safelight.ts");
const PYTHON = process.env["SAFELIGHT_TEST_PYTHON"] ?? "python3";

async function lacks(code: string): Promise<boolean> {
  return run(PYTHON, ["-c", code]).then(
    () => false,
    () => true,
  );
}
const noPython = await lacks("");
const noBoto3 = await lacks("import boto3");
if (noPython) console.warn("\n*** NOT TESTED: there is no Python, so the examples for training were not run. ***\n");
else if (noBoto3) console.warn("\n*** NOT TESTED: boto3 is not there, so the SageMaker example was not run. ***\n");

test.runIf(process.env["CI"])("Python and boto3 are there", () => {
  expect({ noPython, noBoto3 }).toEqual({ noPython: false, noBoto3: false });
});

describe.skipIf(noPython)("a training on what was judged", () => {
  const world = new World();
  let key = "";
  beforeAll(async () => {
    const picture = await sharp({ create: { width: 300, height: 300, channels: 3, background: "teal" } })
      .png()
      .toBuffer();
    mkdirSync(world.path("fresh"));
    world.write("fresh/dataset_info.json", '{"instance_prompt":"a photo of sks dog"}');
    world.write("fresh/1.png", picture);
    cpSync(world.path("fresh"), world.path("dogs"), { recursive: true });
    const { status, err } = await world.run(["scan", "dogs", "--policy", "default", "--out", "scan"]);
    expect(status, err).toBe(0);
    const manifest = JSON.parse(readFileSync(world.path("scan/manifest.json"), "utf8"));
    key = manifest.signature.public_key;
  });
  beforeEach(() => {
    rmSync(world.path("dogs"), { recursive: true });
    cpSync(world.path("fresh"), world.path("dogs"), { recursive: true });
  });
  afterAll(() => world.remove());

  function python(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const options = {
      cwd: world.folder,
      env: {
        PATH: process.env["PATH"],
        PYTHONPATH: EXAMPLES,
        PYTHONDONTWRITEBYTECODE: "1",
        SAFELIGHT: `'${process.execPath}' '${CLI}'`,
        ...env,
      },
    };
    return run(PYTHON, argv, options).then(
      ({ stdout }) => ({ out: stdout, err: "" }),
      ({ stdout, stderr }) => ({ out: stdout as string, err: stderr as string }),
    );
  }

  const diffusers = (publicKey: string) =>
    python([
      join(EXAMPLES, "diffusers_dreambooth.py"),
      ...["--manifest", "scan/manifest.json", "--public-key", publicKey, "--", PYTHON, "-c", "print('it trains')"],
    ]);

  test("diffusers: trains on the set as it was judged", async () => {
    expect(await diffusers(key)).toEqual({ out: "it trains\n", err: "" });
  });

  test("diffusers: trains on nothing that came later, and names it", async () => {
    writeFileSync(world.path("dogs/2.png"), "later");
    const { out, err } = await diffusers(key);
    expect(out).toBe("");
    expect(err).toMatch(/The training is not started\.\nadded +2\.png/);
  });

  test("diffusers: trains on nothing that somebody else has signed", async () => {
    const { out, err } = await diffusers(Buffer.alloc(32).toString("base64"));
    expect(out).toBe("");
    expect(err).toContain("The training is not started.");
  });

  test("a container can hold its copy against the list with Python alone", async () => {
    const copy = () =>
      python(["-c", "from safelight_gate import *; require_copy('dogs', 'scan/manifest.json'); print('the same')"], {
        SAFELIGHT: "false",
      });
    expect((await copy()).out).toBe("the same\n");
    writeFileSync(world.path("dogs/1.png"), "changed");
    writeFileSync(world.path("dogs/2.png"), "added");
    rmSync(world.path("dogs/dataset_info.json"));
    expect((await copy()).err).toMatch(/changed +1\.png\nadded +2\.png\nmissing +dataset_info\.json/);
  });

  test.skipIf(noBoto3)("SageMaker: creates the job on the set as it was judged, and none else", async () => {
    const asked: { target: unknown; body: unknown }[] = [];
    const sagemaker = createServer(async (request, answer) => {
      const pieces: Buffer[] = [];
      for await (const piece of request) pieces.push(piece as Buffer);
      asked.push({ target: request.headers["x-amz-target"], body: JSON.parse(Buffer.concat(pieces).toString()) });
      answer.setHeader("content-type", "application/x-amz-json-1.1");
      answer.end('{"TrainingJobArn":"arn:aws:sagemaker:us-east-1:123456789012:training-job/x"}');
    });
    await new Promise<void>((resolve) => sagemaker.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      sagemaker.close();
    });
    const start = () =>
      python(
        [
          join(EXAMPLES, "sagemaker_dreambooth.py"),
          ...["--manifest", "scan/manifest.json", "--public-key", key, "--source", "dogs"],
          ...["--role", "arn:aws:iam::123456789012:role/train", "--image", "123456789012.dkr.ecr/train:1"],
          ...["--output", "s3://bucket/models"],
        ],
        {
          AWS_ENDPOINT_URL: `http://127.0.0.1:${(sagemaker.address() as AddressInfo).port}`,
          AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
          AWS_SECRET_ACCESS_KEY: "secret",
          AWS_DEFAULT_REGION: "us-east-1",
        },
      );
    expect(await start()).toEqual({ out: "arn:aws:sagemaker:us-east-1:123456789012:training-job/x\n", err: "" });
    expect(asked).toMatchObject([
      {
        target: "SageMaker.CreateTrainingJob",
        body: { InputDataConfig: [{ DataSource: { S3DataSource: { S3Uri: "dogs/" } } }] },
      },
    ]);
    writeFileSync(world.path("dogs/2.png"), "later");
    expect((await start()).err).toMatch(/The training job is not created\.\nadded +2\.png/);
    expect(asked.length).toBe(1);
  });
});
