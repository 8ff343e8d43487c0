import type { Action } from "../../../src/contract/actions.ts";
import type { Category } from "../../../src/contract/categories.ts";
import type { GenerationAnswer, GenerationRequest } from "../../../src/contract/generation.ts";
import type { Limits } from "../../../src/contract/limits.ts";
import { readGenerationEvents, type StreamEvent } from "./events.ts";
import { anotherKey, keptKey } from "./key.ts";
import { ApiError, cutOff, toProblem, unreachable } from "./problem.ts";

/** What this page sends: every field it has a control for, and nothing else. */
export type SentRequest = Pick<GenerationRequest, "prompt" | "negative_prompt" | "width" | "height" | "n" | "b64"> & {
  readonly seed?: number;
  readonly policy?: string;
  readonly generator?: string;
};

/** `GET /api/v1/info` */
export interface Info {
  readonly version: string;
  readonly default_policy: string;
  readonly default_generator: string;
  readonly generators: readonly { readonly name: string; readonly notice: string | null }[];
  readonly limits: Limits;
}

/** `GET /api/v1/policies` */
export interface PolicySummary {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  readonly description: string;
  readonly default: boolean;
}

/** `GET /api/v1/policies/{name}`: the part of it that this page acts on. */
export interface PolicyDetail {
  readonly name: string;
  readonly digest: string;
  readonly prompt: StageDetail;
  readonly image: StageDetail & { readonly retry: { readonly times: number } };
  readonly reveal: "nobody" | "caller";
  readonly retention: { readonly pictures: "keep" | "discard" };
}

export interface StageDetail {
  readonly detectors: Readonly<Record<string, unknown>>;
  /** The thresholds, by category and action. */
  readonly categories: { readonly [C in Category]?: { readonly [A in Action]?: number } };
}

export const API = "/api/v1";

export const getInfo = (signal: AbortSignal) => getJson<Info>("/info", signal);

export const getPolicies = async (signal: AbortSignal) =>
  (await getJson<{ policies: readonly PolicySummary[] }>("/policies", signal)).policies;

export const getPolicy = (name: string, signal: AbortSignal) =>
  getJson<PolicyDetail>(`/policies/${encodeURIComponent(name)}`, signal);

export const getGeneration = (id: string, signal: AbortSignal) =>
  getJson<GenerationAnswer>(
    (key) => `/generations/${encodeURIComponent(id)}${key === null ? "" : "?b64=true"}`,
    signal,
  );

/** Whether a picture can be shown from its address: an `<img>` sends no key. */
export function picturesHaveAddresses(): boolean {
  return keptKey() === null;
}

/** Relative to this page, wherever the server believes to be reached. */
export function picturePath(id: string, index: number): string {
  return `${API}/generations/${encodeURIComponent(id)}/images/${index}`;
}

/** The unblurred original. The server records who asked before it answers. */
export async function revealPicture(id: string, index: number): Promise<Blob> {
  const path = `/generations/${encodeURIComponent(id)}/images/${index}/reveal`;
  const answer = await send(path, { method: "POST" });
  return answer.blob();
}

/** Starts a generation and yields what happens, ending with `finished`. @throws ApiError; AbortError when aborted */
export async function* generate(request: SentRequest, signal: AbortSignal): AsyncGenerator<StreamEvent, void> {
  const answer = await send("/generations", {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify(request),
    signal,
  });
  if (answer.body === null) throw cutOff();
  try {
    yield* readGenerationEvents(answer.body);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ApiError ? error : cutOff(error);
  }
}

/** May differ with the key: pictures are had by their addresses only without one. */
type Path = string | ((key: string | null) => string);

export async function getJson<T>(path: Path, signal: AbortSignal): Promise<T> {
  const answer = await send(path, { headers: { accept: "application/json" }, signal });
  // One build from one contract: see readGenerationEvents.
  return (await answer.json()) as T;
}

/** @throws ApiError for whatever is no success */
export async function send(path: Path, init: RequestInit): Promise<Response> {
  const answer = await sendWithKey(path, init, keptKey());
  if (!answer.ok) throw new ApiError(toProblem(answer.status, await answer.json().catch(() => undefined)));
  const type = answer.headers.get("content-type") ?? "";
  // A single-page host answers any path with its page: that is not the API.
  if (type.startsWith("text/html")) throw new ApiError(toProblem(404, undefined));
  return answer;
}

/** Asks for a key, and again for another one, as long as the server refuses and a person gives one. */
async function sendWithKey(path: Path, init: RequestInit, key: string | null): Promise<Response> {
  let answer: Response;
  try {
    const headers = { ...init.headers, ...(key === null ? {} : { authorization: `Bearer ${key}` }) };
    answer = await fetch(API + (typeof path === "string" ? path : path(key)), { ...init, headers });
  } catch (error) {
    init.signal?.throwIfAborted();
    throw unreachable(error);
  }
  if (answer.status !== 401) return answer;
  const another = await anotherKey(key);
  return another === null ? answer : sendWithKey(path, init, another);
}
