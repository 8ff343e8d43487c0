import type { Context } from "hono";
import type { Door, Environment } from "../../types.ts";

/** Answers one operation of the JSON 1.1 protocol: what the body held, in; what is to be answered as JSON, out. */
export type Operation = (body: object, c: Context<Environment>, door: Door) => Promise<object>;
