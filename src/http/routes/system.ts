import { createRoute, z } from "@hono/zod-openapi";
import { VERSION } from "../../app/version.ts";
import { SafelightError } from "../../contract/errors.ts";
import { contractJsonSchemas } from "../../contract/json-schema.ts";
import { PROBLEMS } from "../openapi.ts";
import type { App, Door } from "../types.ts";

export function systemRoutes(app: App, { service }: Door): void {
  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: "/healthz",
      tags: ["System"],
      summary: "Whether the process answers",
      responses: { 200: { description: "It does." } },
    }),
  );
  app.get("/healthz", (c) => c.json({ status: "ok" }));

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: "/readyz",
      tags: ["System"],
      summary: "Whether generations can be moderated now",
      responses: {
        200: { description: "Every part is ready." },
        503: { description: "A part is not; the body says which." },
      },
    }),
  );
  app.get("/readyz", async (c) => {
    const checks = await service.readiness();
    const ready = checks.every((check) => check.ready);
    return c.json({ status: ready ? "ready" : "not_ready", checks }, ready ? 200 : 503);
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: "/api/v1/info",
      tags: ["System"],
      summary: "What this server offers: generators, policies, limits",
      responses: {
        200: {
          description: "As configured.",
          content: { "application/json": { schema: z.record(z.string(), z.unknown()) } },
        },
        ...PROBLEMS,
      },
    }),
  );
  app.get("/api/v1/info", (c) =>
    c.json({
      version: VERSION,
      default_policy: service.defaultPolicy,
      default_generator: service.defaultGenerator,
      generators: service.generators(),
      limits: service.limits,
    }),
  );

  const schemas = contractJsonSchemas(service.limits);
  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: "/api/v1/schemas/{name}",
      tags: ["System"],
      summary: "The contract as JSON Schema",
      request: { params: z.object({ name: z.enum(Object.keys(schemas)) }) },
      responses: {
        200: {
          description: "Draft 2020-12.",
          content: { "application/schema+json": { schema: z.record(z.string(), z.unknown()) } },
        },
        ...PROBLEMS,
      },
    }),
  );
  app.get("/api/v1/schemas/:name", (c) => {
    const schema = schemas[c.req.param("name")];
    if (!schema)
      throw new SafelightError(
        "not_found",
        `there is no schema of this name; there are: ${Object.keys(schemas).join(", ")}`,
      );
    return c.body(JSON.stringify(schema), 200, { "Content-Type": "application/schema+json" });
  });
}
