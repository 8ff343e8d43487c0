import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Logger } from "pino";
import type { Service } from "../app/service.ts";

export interface Environment {
  Variables: { requestId: string };
}

export type App = OpenAPIHono<Environment>;

/** What the routes are shells over. */
export interface Door {
  readonly service: Service;
  readonly log: Logger;
  /** Where clients reach this server, if it differs from what their requests say. */
  readonly publicUrl: string | undefined;
}
