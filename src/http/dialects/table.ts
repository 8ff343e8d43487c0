import type { Context } from "hono";
import type { SafelightError } from "../../contract/errors.ts";
import type { App, Door, Environment } from "../types.ts";
import { A1111 } from "./a1111/a1111.ts";
import { AWS } from "./aws/aws.ts";
import { OPENAI } from "./openai/openai.ts";

/** A vendor's wire protocol that Safelight serves. It maps requests and answers, and holds no moderation logic. */
export interface Dialect {
  readonly name: string;
  /** Every path of the dialect begins with this, for instance `/v1`. */
  readonly base: string;
  /** Adds the routes, with their whole paths. */
  routes(app: App, door: Door): void;
  /** An error as clients of the vendor read it: thrown by a route, or met before one was reached (credentials, size, no such path). */
  answerError(c: Context<Environment>, error: SafelightError): Response;
}

/** Every dialect. A new one is a folder here and a line in this table. */
export const DIALECTS: readonly Dialect[] = [A1111, OPENAI, AWS];

/** The dialect that a path belongs to. */
export function dialectOf(path: string): Dialect | undefined {
  return DIALECTS.find(({ base }) => path === base || path.startsWith(`${base}/`));
}
