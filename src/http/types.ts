import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Logger } from "pino";
import type { Service } from "../app/service.ts";
import type { Config } from "../config/schema.ts";
import type { Keys } from "./keys.ts";

export interface Environment {
  Variables: {
    requestId: string;
    /** The name of the key that was used; not set where none is needed. */
    key?: string;
  };
}

export type App = OpenAPIHono<Environment>;

/** What the routes are shells over. */
export interface Door {
  readonly service: Service;
  readonly log: Logger;
  /** Where clients reach this server, if it differs from what their requests say. */
  readonly publicUrl: string | undefined;
  readonly dialects: Config["dialects"];
  /** Who may ask. */
  readonly keys: Keys;
  /** Whether only this machine can reach the server. */
  readonly loopback: boolean;
}
