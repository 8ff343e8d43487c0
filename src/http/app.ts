import { randomUUID } from "node:crypto";
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { secureHeaders } from "hono/secure-headers";
import { SafelightError } from "../contract/errors.ts";
import { authenticate, verify } from "./auth.ts";
import { DIALECTS, dialectOf } from "./dialects/table.ts";
import { docsRoutes } from "./docs.ts";
import { answerProblem, toSafelightError } from "./problem.ts";
import { checkRoutes } from "./routes/checks.ts";
import { generationRoutes } from "./routes/generations.ts";
import { policyRoutes } from "./routes/policies.ts";
import { scanRoutes } from "./routes/scans.ts";
import { systemRoutes } from "./routes/system.ts";
import { sameOrigin } from "./same-origin.ts";
import type { App, Door, Environment } from "./types.ts";
import { webRoutes } from "./web.ts";

/** The HTTP front door, on whatever runtime serves it: Node, Lambda or a test. */
export async function createApp(door: Door): Promise<App> {
  const app: App = new OpenAPIHono<Environment>();
  app.use(requestId);
  app.use(accessLog(door));
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", "data:", "blob:"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        objectSrc: ["'none'"],
        frameAncestors: ["'none'"],
      },
    }),
  );
  app.use(sameOrigin(door));
  app.use(authenticate(door.keys));
  app.use(limitBody(door.service.limits.body_bytes));
  app.use(verify(door.keys));
  app.onError((error, c) => {
    const failure = toSafelightError(error);
    if (failure.code === "internal")
      door.log.error({ err: failure.cause ?? failure, request_id: c.get("requestId") }, "request failed");
    return answerError(c, failure);
  });

  generationRoutes(app, door);
  checkRoutes(app, door);
  policyRoutes(app, door);
  scanRoutes(app, door);
  systemRoutes(app, door);
  docsRoutes(app);
  for (const dialect of DIALECTS) dialect.routes(app, door);
  refuseOtherMethods(app);
  await webRoutes(app);
  app.notFound((c) =>
    answerError(
      c,
      new SafelightError(
        "not_found",
        "there is nothing at this address; /docs lists what there is under /api/v1, docs/dialects the rest",
      ),
    ),
  );
  return app;
}

/** In the words of the dialect that was spoken to, or as a problem of our own. */
function answerError(c: Context<Environment>, error: SafelightError): Response {
  return dialectOf(c.req.path)?.answerError(c, error) ?? answerProblem(c, error);
}

const requestId = createMiddleware<Environment>(async (c, next) => {
  const given = c.req.header("X-Request-Id");
  const id = given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : `req_${randomUUID()}`;
  c.set("requestId", id);
  c.header("X-Request-Id", id);
  await next();
});

/** One line a request: never a body, a query or a prompt. */
function accessLog({ log }: Door) {
  return createMiddleware<Environment>(async (c, next) => {
    const start = performance.now();
    await next();
    const ms = Number((performance.now() - start).toFixed(2));
    const { status } = c.res;
    log.info(
      { request_id: c.get("requestId"), key: c.get("key"), method: c.req.method, path: c.req.path, status, ms },
      "request",
    );
  });
}

function limitBody(limit: number) {
  const refuse = (c: Context<Environment>) => {
    c.header("Connection", "close"); // the rest of the body is never read
    const detail = `the body is larger than the limit of ${limit} bytes`;
    return answerError(c, new SafelightError("body_too_large", detail));
  };
  const count = bodyLimit({ maxSize: limit, onError: refuse });
  return createMiddleware<Environment>(async (c, next) => {
    const length = c.req.header("Content-Length");
    if (length === undefined || c.req.header("Transfer-Encoding") !== undefined) return count(c, next);
    // Nothing touches the body here: that alone would make a stream of it, which costs more than all else that HTTP does.
    if (Number(length) > limit) return refuse(c);
    return next();
  });
}

/** An address that exists, asked with a method it does not have, answers 405 and says which it has. */
function refuseOtherMethods(app: App): void {
  const methods = new Map<string, string[]>();
  for (const { path, method } of app.routes) {
    if (method !== "ALL" && path.startsWith("/")) methods.set(path, [...(methods.get(path) ?? []), method]);
  }
  for (const [path, allowed] of methods) {
    const list = [...new Set(allowed)].sort().join(", ");
    app.all(path, (c) => {
      c.header("Allow", list);
      return answerError(
        c,
        new SafelightError("method_not_allowed", `${c.req.method} is not allowed here; allowed: ${list}`),
      );
    });
  }
}
