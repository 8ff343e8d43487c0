import { createRoute, z } from "@hono/zod-openapi";
import { SafelightError } from "../../contract/errors.ts";
import { PROBLEMS } from "../openapi.ts";
import type { App, Door } from "../types.ts";

const PolicySummary = z.object({
  name: z.string(),
  version: z.string(),
  digest: z.string(),
  description: z.string(),
  default: z.boolean(),
});

export function policyRoutes(app: App, { service }: Door): void {
  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: "/api/v1/policies",
      tags: ["Policies"],
      summary: "The policies in force",
      responses: {
        200: {
          description: "By name.",
          content: { "application/json": { schema: z.object({ policies: z.array(PolicySummary) }) } },
        },
        ...PROBLEMS,
      },
    }),
  );
  app.get("/api/v1/policies", (c) =>
    c.json({
      policies: service.policyNames().map((each) => {
        const { name, version, digest, description } = service.policy(each);
        return { name, version, digest, description, default: name === service.defaultPolicy };
      }),
    }),
  );

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: "/api/v1/policies/{name}",
      tags: ["Policies"],
      summary: "One policy, whole, with its digest",
      request: { params: z.object({ name: z.string().openapi({ example: "default" }) }) },
      responses: {
        200: {
          description: "The policy as it is in force.",
          content: { "application/json": { schema: z.record(z.string(), z.unknown()) } },
        },
        ...PROBLEMS,
      },
    }),
  );
  app.get("/api/v1/policies/:name", (c) => {
    const name = c.req.param("name");
    if (!service.policyNames().includes(name)) {
      throw new SafelightError(
        "not_found",
        `there is no policy of this name; there are: ${service.policyNames().join(", ")}`,
      );
    }
    return c.json(service.policy(name));
  });
}
