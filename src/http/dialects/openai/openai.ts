import { createMiddleware } from "hono/factory";
import type { App, Door, Environment } from "../../types.ts";
import { answerError } from "./errors.ts";
import { generationRoutes } from "./generations.ts";
import { modelRoutes } from "./models.ts";
import { moderationRoutes } from "./moderations.ts";

/** OpenAI's Images, Moderations and Models. @see docs/dialects/openai.md */
export const OPENAI = {
  name: "openai",
  base: "/v1",
  routes(app: App, door: Door): void {
    app.use("/v1/*", processingTime);
    generationRoutes(app, door);
    moderationRoutes(app, door);
    modelRoutes(app, door);
  },
  answerError,
};

const processingTime = createMiddleware<Environment>(async (c, next) => {
  const start = performance.now();
  await next();
  c.res.headers.set("openai-processing-ms", String(Math.round(performance.now() - start)));
});
