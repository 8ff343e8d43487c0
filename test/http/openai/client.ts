import OpenAI, { APIError } from "openai";
import sharp from "sharp";
import { expect } from "vitest";
import type { TestServer } from "../serve.ts";

/** OpenAI's own client. It does not ask again by itself, so that a test sees the first answer. */
export function clientOf({ url }: TestServer, apiKey = "none"): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
}

/** What OpenAI's types have no place for. */
export interface SafelightMember {
  readonly id: string;
  readonly state: string;
  readonly action: string;
  readonly policy: { readonly name: string; readonly digest: string };
  readonly notice: string | null;
  readonly reasons: readonly { readonly category: string | null; readonly score: number | null }[];
  readonly warnings: readonly { readonly category: string | null; readonly message: string }[];
  readonly images: readonly {
    readonly index: number;
    readonly data: number | null;
    readonly action: string;
    readonly blurred: boolean;
    readonly reasons: readonly object[];
  }[];
  readonly ignored: readonly string[];
}

export function safelightOf(answer: object): SafelightMember {
  expect(answer).toHaveProperty("safelight.id", expect.stringMatching(/^gen_[0-9a-f]+$/));
  return (answer as { safelight: SafelightMember }).safelight; // checked above; our own server wrote it
}

/** The error that a call raises, which must be one of the client's. */
export async function raised(call: PromiseLike<unknown>): Promise<APIError> {
  const error: unknown = await Promise.resolve(call).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof APIError)) throw new Error(`no error of the client was raised, but: ${String(error)}`);
  return error;
}

export function bytesOf(b64: string | undefined): Buffer {
  expect(b64).toMatch(/^[A-Za-z0-9+/]+=*$/);
  return Buffer.from(b64 ?? "", "base64");
}

export async function formatOf(b64: string | undefined) {
  const { format, width, height } = await sharp(bytesOf(b64)).metadata();
  return { format, width, height };
}
