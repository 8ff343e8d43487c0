import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { Generation } from "../../app/service.ts";
import { ActionSchema } from "../../contract/actions.ts";
import { SafelightError } from "../../contract/errors.ts";
import {
  GenerationAnswerSchema,
  GenerationEventSchema,
  GenerationStateSchema,
  generationRequestSchema,
} from "../../contract/generation.ts";
import type { Picture } from "../../pipeline/parts.ts";
import { answerGeneration, answerOf, GENERATIONS } from "../answer.ts";
import { readJson, validate } from "../body.ts";
import { PROBLEMS } from "../openapi.ts";
import { problemOf, toSafelightError } from "../problem.ts";
import type { App, Door, Environment } from "../types.ts";

const KEEP_ALIVE_MS = 15_000;

const Id = z.object({ id: z.string().openapi({ example: "gen_019a…" }) });
const Picked = Id.extend({ index: z.coerce.number().int().min(0) });
const Query = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  before: z.string().optional(),
  state: GenerationStateSchema.optional(),
  action: ActionSchema.optional(),
});
const answer = { "application/json": { schema: GenerationAnswerSchema } };

export function generationRoutes(app: App, door: Door): void {
  const { service } = door;
  const RequestSchema = generationRequestSchema(service.limits);

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "post",
      path: GENERATIONS,
      tags: ["Generations"],
      summary: "Generate and moderate pictures",
      description:
        "Judges the prompt, adds the policy's negative prompt, generates, judges every picture and makes unsafe ones again as the policy allows. " +
        "`Accept: text/event-stream` answers the same as server-sent events with progress. `Prefer: respond-async` answers 202 at once.",
      request: { body: { required: true, content: { "application/json": { schema: RequestSchema } } } },
      responses: {
        200: {
          description: "Every picture asked for, with its decision.",
          content: { ...answer, "text/event-stream": { schema: GenerationEventSchema } },
        },
        202: {
          description: "Under way (`respond-async`), or the prompt is held until a person has decided.",
          content: answer,
        },
        422: { description: "The prompt was refused; the whole decision is in the problem." },
        ...PROBLEMS,
      },
    }),
  );
  app.post(GENERATIONS, async (c) => {
    const request = await readJson(c, RequestSchema);
    if (wants(c, "Prefer", "respond-async")) {
      const record = await service.submit(request);
      c.header("Preference-Applied", "respond-async");
      return answerGeneration(c, answerOf(record, new Map(), origin(c, door), c.get("requestId")));
    }
    const generation = service.generate(request, c.req.raw.signal);
    if (wants(c, "Accept", "text/event-stream")) return stream(c, door, generation, request.b64);
    const record = await generation.record;
    const pictures = request.b64 ? generation.pictures : new Map<number, Picture>();
    return answerGeneration(c, answerOf(record, pictures, origin(c, door), c.get("requestId")));
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: GENERATIONS,
      tags: ["Generations"],
      summary: "The latest generations",
      description: "Newest first, without base64. Give `next` as `before` to read on.",
      request: { query: Query },
      responses: {
        200: {
          description: "One page.",
          content: {
            "application/json": {
              schema: z.object({ generations: z.array(GenerationAnswerSchema), next: z.string().nullable() }),
            },
          },
        },
        ...PROBLEMS,
      },
    }),
  );
  app.get(GENERATIONS, async (c) => {
    const { limit, before, state, action } = validate(c.req.query(), Query);
    const page = await service.generations({
      limit,
      ...(before === undefined ? {} : { before }),
      ...(state === undefined ? {} : { state }),
      ...(action === undefined ? {} : { action }),
    });
    const generations = page.records.map((record) => answerOf(record, new Map(), origin(c, door), c.get("requestId")));
    return c.json({ generations, next: page.next });
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: `${GENERATIONS}/{id}`,
      tags: ["Generations"],
      summary: "Read a generation",
      description: "The record as it is now. While its state is `running`, ask again.",
      request: { params: Id, query: z.object({ b64: z.enum(["true", "false"]).optional() }) },
      responses: { 200: { description: "The record.", content: answer }, ...PROBLEMS },
    }),
  );
  app.get(`${GENERATIONS}/:id`, async (c) => {
    const record = await service.generation(c.req.param("id"));
    if (!record) throw unknownGeneration();
    const pictures = new Map<number, Picture>();
    if (c.req.query("b64") === "true") {
      for (const { index } of record.images) {
        const picture = await service.picture(record.id, index);
        if (picture) pictures.set(index, picture);
      }
    }
    if (record.state === "running") c.header("Retry-After", "1");
    return c.json(answerOf(record, pictures, origin(c, door), c.get("requestId")), 200);
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "post",
      path: `${GENERATIONS}/{id}/cancel`,
      tags: ["Generations"],
      summary: "Cancel a generation that runs in the background",
      request: { params: Id },
      responses: {
        202: { description: "It is being cancelled; read it to see when it has ended.", content: answer },
        ...PROBLEMS,
      },
    }),
  );
  app.post(`${GENERATIONS}/:id/cancel`, async (c) => {
    const id = c.req.param("id");
    const record = await service.generation(id);
    if (!record) throw unknownGeneration();
    if (record.state !== "running" || !service.cancel(id)) {
      const { state } = (await service.generation(id)) ?? record;
      throw new SafelightError("conflict", `this generation is not running; its state is "${state}"`);
    }
    return c.json(answerOf(record, new Map(), origin(c, door), c.get("requestId")), 202);
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: `${GENERATIONS}/{id}/images/{index}`,
      tags: ["Generations"],
      summary: "A picture as it was answered",
      description:
        "Blurred where that was decided. Not there when it is not shown, or when the policy keeps no pictures.",
      request: { params: Picked },
      responses: { 200: { description: "The picture.", content: { "image/*": { schema: BINARY } } }, ...PROBLEMS },
    }),
  );
  app.get(`${GENERATIONS}/:id/images/:index`, async (c) => {
    const picture = await service.picture(c.req.param("id"), indexOf(c.req.param("index")));
    if (!picture)
      throw new SafelightError("not_found", "there is no such picture: it is not shown, was not kept, or never was");
    return send(c, picture, "private, max-age=3600");
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "post",
      path: `${GENERATIONS}/{id}/images/{index}/reveal`,
      tags: ["Generations"],
      summary: "The original of a blurred picture",
      description: "Only where the policy says `reveal: caller`. The reveal is recorded before the picture is sent.",
      request: { params: Picked },
      responses: { 200: { description: "The picture.", content: { "image/*": { schema: BINARY } } }, ...PROBLEMS },
    }),
  );
  app.post(`${GENERATIONS}/:id/images/:index/reveal`, async (c) => {
    const picture = await service.reveal(c.req.param("id"), indexOf(c.req.param("index")));
    if (!picture)
      throw new SafelightError(
        "not_found",
        "there is nothing to reveal: the policy does not allow it, or the original was not kept",
      );
    return send(c, picture, "no-store");
  });
}

const BINARY = z.string().openapi({ format: "binary" });

function unknownGeneration(): SafelightError {
  return new SafelightError("not_found", "there is no generation with this id");
}

function indexOf(text: string): number {
  return /^\d{1,4}$/.test(text) ? Number(text) : -1;
}

function send(c: Context<Environment>, picture: Picture, cache: string): Response {
  return c.body(new Uint8Array(picture.bytes), 200, {
    "Content-Type": picture.mediaType,
    "Cache-Control": cache,
    "Content-Security-Policy": "default-src 'none'",
  });
}

function origin(c: Context<Environment>, door: Door): string {
  return door.publicUrl ?? new URL(c.req.url).origin;
}

function wants(c: Context<Environment>, header: "Accept" | "Prefer", value: string): boolean {
  return (c.req.header(header) ?? "").split(",").some((part) => part.split(";", 1)[0]?.trim().toLowerCase() === value);
}

function stream(c: Context<Environment>, door: Door, generation: Generation, b64: boolean): Response {
  c.header("X-Accel-Buffering", "no");
  const path = c.req.path;
  const requestId = c.get("requestId");
  return streamSSE(c, async (sse) => {
    const keepAlive = setInterval(() => void sse.write(": still here\n\n"), KEEP_ALIVE_MS);
    try {
      for await (const event of generation) {
        if (sse.aborted) return;
        if (event.type !== "finished") {
          await sse.writeSSE({ event: event.type, data: JSON.stringify(event) });
          continue;
        }
        const pictures = b64 ? generation.pictures : new Map<number, Picture>();
        const record = answerOf(event.record, pictures, origin(c, door), requestId);
        await sse.writeSSE({ event: "finished", data: JSON.stringify({ ...event, record }) });
      }
    } catch (error) {
      const failure = toSafelightError(error);
      if (failure.code === "internal") door.log.error({ err: failure.cause, request_id: requestId }, "stream failed");
      await sse.writeSSE({ event: "error", data: JSON.stringify(problemOf(failure, path, requestId)) });
    } finally {
      clearInterval(keepAlive);
    }
  });
}
