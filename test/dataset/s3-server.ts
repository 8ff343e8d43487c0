import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

/** Answers in the server's place; undefined lets the request through. */
export type Fault = (
  method: string,
  key: string,
) =>
  | { readonly status: number; readonly code: string }
  | { readonly status: number; readonly body: string }
  | undefined;

export interface TestS3 {
  readonly endpoint: string;
  readonly client: S3Client;
  /** `METHOD /bucket/key?query`, in order. */
  readonly requests: string[];
  fault: Fault;
  put(bucket: string, objects: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
  close(): Promise<void>;
}

/**
 * A real S3 server (s3rver) on a free port of loopback, with something between it and its clients that counts, and can answer with
 * the faults that S3 has. Whoever starts it closes it.
 */
export async function openTestS3(...buckets: readonly string[]): Promise<TestS3> {
  const directory = mkdtempSync(join(tmpdir(), "safelight-s3-"));
  const server = fork(join(import.meta.dirname, "s3-child.ts"), [directory, ...buckets], {
    execArgv: ["--openssl-legacy-provider"],
  });
  const [port] = (await once(server, "message")) as [number];
  const requests: string[] = [];
  const state: { fault: Fault } = { fault: () => undefined };
  const front = createServer((incoming, answer) => pass(incoming, answer, port, requests, state));
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    credentials: { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
  });
  return {
    endpoint,
    client,
    requests,
    get fault() {
      return state.fault;
    },
    set fault(fault) {
      state.fault = fault;
    },
    async put(bucket, objects) {
      for (const [Key, Body] of Object.entries(objects)) {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Buffer.from(Body) }));
      }
    },
    async close() {
      client.destroy();
      await closed(front);
      server.disconnect();
      await once(server, "exit");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function pass(
  incoming: IncomingMessage,
  answer: ServerResponse,
  port: number,
  requests: string[],
  { fault }: { readonly fault: Fault },
): void {
  const { method = "", url = "", headers } = incoming;
  requests.push(`${method} ${url}`);
  const key = decodeURIComponent(url.split("?", 1)[0] ?? "").replace(/^\/[^/]+\//, "");
  const failed = fault(method, key);
  if (failed) {
    incoming.resume();
    answer.writeHead(failed.status, { "content-type": "application/xml", "x-amz-request-id": "test" });
    const body =
      "body" in failed
        ? failed.body
        : `<?xml version="1.0"?><Error><Code>${failed.code}</Code><Message>no</Message></Error>`;
    answer.end(method === "HEAD" ? "" : body);
    return;
  }
  const onward = request({ port, host: "127.0.0.1", method, path: url, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  onward.on("error", () => answer.destroy());
  incoming.pipe(onward);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** The environment variables that the options below name. */
process.env["SAFELIGHT_TEST_S3_KEY"] = "S3RVER";

export function s3Options({ endpoint }: Pick<TestS3, "endpoint">) {
  const secret = { from_env: "SAFELIGHT_TEST_S3_KEY" };
  return { endpoint, region: "us-east-1", credentials: { access_key_id: secret, secret_access_key: secret } };
}
