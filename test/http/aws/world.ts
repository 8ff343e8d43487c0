import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ComprehendClient } from "@aws-sdk/client-comprehend";
import { RekognitionClient } from "@aws-sdk/client-rekognition";
import { SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";
import sharp from "sharp";
import type { Category } from "../../../src/contract/categories.ts";
import type { TestCard } from "../../../src/contract/test-card.ts";
import { drawTestCard } from "../../../src/generators/sketch/test-card.ts";
import { serve, type TestServer } from "../serve.ts";

/** Refuses what the default policy lets through. */
const STRICT = `
schema: safelight.policy/1
name: strict
version: "1"
prompt:
  detectors: {test-signals: {}}
  categories:
    suggestive: {block: 0.1}
image:
  detectors: {test-card: {}}
  categories:
    suggestive: {block: 0.1}
`;
/** Requires what none of its detectors can see. */
const BLIND = `
schema: safelight.policy/1
name: blind
version: "1"
prompt:
  detectors: {test-signals: {}}
  require: [sexual]
  categories: {}
image:
  detectors: {nsfw: {}}
  require: [hate]
  categories: {}
`;

export interface AwsWorld {
  readonly server: TestServer;
  readonly endpoint: string;
  /** What every client is made with. */
  readonly client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly maxAttempts: number;
  };
  readonly rekognition: RekognitionClient;
  readonly comprehend: ComprehendClient;
  readonly sagemaker: SageMakerRuntimeClient;
  close(): Promise<void>;
}

/** The real server with three policies, and the vendor's own clients pointed at it. @param more further settings of the server */
export async function awsWorld(more = ""): Promise<AwsWorld> {
  const policies = await mkdtemp(join(tmpdir(), "safelight-aws-"));
  await writeFile(join(policies, "strict.yaml"), STRICT);
  await writeFile(join(policies, "blind.yaml"), BLIND);
  const shipped = join(import.meta.dirname, "../../../policies");
  const server = await serve(`log: {level: silent}\npolicies: [${shipped}, ${policies}]\n${more}`);
  const endpoint = `${server.url}/aws`;
  const client = {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI" },
    maxAttempts: 1,
  };
  return {
    server,
    endpoint,
    client,
    rekognition: new RekognitionClient(client),
    comprehend: new ComprehendClient(client),
    sagemaker: new SageMakerRuntimeClient(client),
    close: async () => {
      await server.close();
      await rm(policies, { recursive: true, force: true });
    },
  };
}

/** The card that the built-in generator draws for a test signal, as the image stage reads it back. */
export async function testCard(card: TestCard, format: "png" | "jpeg" = "png"): Promise<Uint8Array> {
  const svg = drawTestCard(card, 256, 256);
  return new Uint8Array(await sharp(Buffer.from(svg)).toFormat(format).toBuffer());
}

export const scored = (category: Category, score: number): TestCard => ({ kind: "score", category, score });

export function plainPicture(format: "png" | "jpeg" | "webp" = "png", width = 128, height = 128): Promise<Buffer> {
  const background = { r: 90, g: 140, b: 200 };
  return sharp({ create: { width, height, channels: 3, background } })
    .toFormat(format)
    .toBuffer();
}
