import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { createRoute, z } from "@hono/zod-openapi";
import { streamSSE } from "hono/streaming";
import { ActionSchema } from "../../contract/actions.ts";
import { CategorySchema } from "../../contract/categories.ts";
import { SafelightError } from "../../contract/errors.ts";
import { LEAST_SCORE, ScanCopiesSchema, type ScanItem, scoreOf } from "../../contract/scan.ts";
import {
  SCAN_FILES,
  ScanAnswerSchema,
  ScanConsequencesSchema,
  type ScanFile,
  ScanFileSchema,
  ScanItemPageSchema,
  ScanPageSchema,
  ScanRequestSchema,
} from "../../contract/scan-api.ts";
import { SCAN_PROBLEMS, type ScanProblemCode } from "../../contract/scan-problems.ts";
import { readJson, validate } from "../body.ts";
import { PROBLEMS } from "../openapi.ts";
import { problemOf, toSafelightError } from "../problem.ts";
import type { App, Door } from "../types.ts";

export const SCANS = "/api/v1/scans";

/** Often enough to watch, seldom enough to cost nothing. */
const TELL_MS = 500;
const KEEP_ALIVE_MS = 15_000;
const FACES = ["none", "one", "several"] as const;

const Id = z.object({ id: z.string().openapi({ example: "scan_0198…" }) });
const Key = z.strictObject({ key: z.string().min(1).openapi({ example: "dogs/1.png" }) });
const Listed = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  before: z.string().optional().openapi({ description: "`next` of the page before." }),
});
const Copies = z.strictObject({
  first: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
const Items = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  after: z.string().optional().openapi({ description: "`next` of the page before." }),
  sort: z.enum(["key", "score"]).default("key"),
  action: ActionSchema.optional(),
  category: CategorySchema.optional().openapi({
    description: `Pictures with a reason of it, or a score of at least ${LEAST_SCORE}; \`score\` and \`min_score\` are of it then.`,
  }),
  problem: z.enum(Object.keys(SCAN_PROBLEMS) as ScanProblemCode[]).optional(),
  faces: z.enum(FACES).optional(),
  min_score: z.coerce.number().min(0).max(1).optional(),
  q: z.string().max(1_000).optional().openapi({ description: "A part of the key, in any case." }),
});
const ItemCursor = z.tuple([z.string(), z.number()]);
const ScanCursor = z.tuple([z.iso.datetime(), z.string().regex(/^scan_[\w-]+$/)]);
const BINARY = z.string().openapi({ format: "binary" });
const scanned = { "application/json": { schema: ScanAnswerSchema } };

export function scanRoutes(app: App, { service: { scans }, log }: Door): void {
  app.openAPIRegistry.registerPath(
    createRoute({
      method: "post",
      path: SCANS,
      tags: ["Scans"],
      summary: "Scan a data set",
      description:
        "Judges every picture and caption of a folder, or of a prefix in S3, under a policy for training data. Goes on in the background; " +
        "one scan has its turn at a time. Only places that `scans.sources` of the configuration names can be scanned.",
      request: { body: { required: true, content: { "application/json": { schema: ScanRequestSchema } } } },
      responses: { 202: { description: "It is queued.", content: scanned }, ...PROBLEMS },
    }),
  );
  app.post(SCANS, async (c) => {
    const scan = await scans.start(await readJson(c, ScanRequestSchema));
    c.header("Location", `${SCANS}/${scan.id}`);
    return c.json(scan, 202);
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: SCANS,
      tags: ["Scans"],
      summary: "The latest scans, and where new ones may be started",
      description:
        "Give `next` as `before` to read on. A page may be short, or empty, with a `next`: one request looks through 1,000 scans at most.",
      request: { query: Listed },
      responses: {
        200: { description: "Newest first.", content: { "application/json": { schema: ScanPageSchema } } },
        ...PROBLEMS,
      },
    }),
  );
  app.get(SCANS, async (c) => {
    const { limit, before } = validate(c.req.query(), Listed);
    const from = before === undefined ? undefined : readCursor("before", before, ScanCursor);
    const page = await scans.list(limit, from && { created_at: from[0], id: from[1] });
    const next = page.next && cursorOf([page.next.created_at, page.next.id]);
    return c.json({ scans: [...page.scans], next, places: scans.places }, 200);
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: `${SCANS}/{id}`,
      tags: ["Scans"],
      summary: "A scan as it stands",
      request: { params: Id },
      responses: { 200: { description: "With its progress, or its summary.", content: scanned }, ...PROBLEMS },
    }),
  );
  app.get(`${SCANS}/:id`, async (c) => c.json(await scans.get(c.req.param("id")), 200));

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: `${SCANS}/{id}/events`,
      tags: ["Scans"],
      summary: "Watch a scan",
      description:
        "Server-sent events: `scan` with the scan as it stands, at most twice a second, until nothing works on it.",
      request: { params: Id },
      responses: {
        200: { description: "Events.", content: { "text/event-stream": { schema: ScanAnswerSchema } } },
        ...PROBLEMS,
      },
    }),
  );
  app.get(`${SCANS}/:id/events`, async (c) => {
    const id = c.req.param("id");
    const first = await scans.get(id);
    const { signal } = c.req.raw;
    c.header("X-Accel-Buffering", "no");
    return streamSSE(c, async (sse) => {
      const keepAlive = setInterval(() => void sse.write(": still here\n\n"), KEEP_ALIVE_MS);
      try {
        for (let scan = first; !sse.aborted; scan = await scans.get(id)) {
          await sse.writeSSE({ event: "scan", data: JSON.stringify(scan) });
          if (scan.activity === "idle") return;
          await Promise.all([scans.changed(id, signal), sse.sleep(TELL_MS)]);
        }
      } catch (error) {
        const failure = toSafelightError(error);
        if (failure.code === "internal")
          log.error({ err: failure.cause, request_id: c.get("requestId") }, "stream failed");
        await sse.writeSSE({
          event: "error",
          data: JSON.stringify(problemOf(failure, c.req.path, c.get("requestId"))),
        });
      } finally {
        clearInterval(keepAlive);
      }
    });
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: `${SCANS}/{id}/items`,
      tags: ["Scans"],
      summary: "Browse what was found, picture by picture",
      description:
        "Also while the scan goes on. A page may be short, or empty, with a `next`: one request looks through 20,000 pictures at most.",
      request: { params: Id, query: Items },
      responses: {
        200: { description: "One page.", content: { "application/json": { schema: ScanItemPageSchema } } },
        ...PROBLEMS,
      },
    }),
  );
  app.get(`${SCANS}/:id/items`, async (c) => {
    const query = validate(c.req.query(), Items);
    const { sort, action = null, category = null, after, limit } = query;
    const [key, score] = after === undefined ? [null, 0] : readCursor("after", after, ItemCursor);
    const filter = { sort, action, category, after: key === null ? null : { key, score }, matches: matching(query) };
    const { items, next } = await scans.items(c.req.param("id"), filter, limit);
    return c.json({ items: [...items], next: next && cursorOf([next.key, scoreOf(next, category)]) }, 200);
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: `${SCANS}/{id}/copies`,
      tags: ["Scans"],
      summary: "Pictures that are copies of each other",
      request: { params: Id, query: Copies },
      responses: {
        200: {
          description: "Groups, from number `first` on.",
          content: { "application/json": { schema: z.object({ groups: z.array(ScanCopiesSchema) }) } },
        },
        ...PROBLEMS,
      },
    }),
  );
  app.get(`${SCANS}/:id/copies`, async (c) => {
    const { first, limit } = validate(c.req.query(), Copies);
    return c.json({ groups: [...(await scans.copies(c.req.param("id"), first, limit))] }, 200);
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: `${SCANS}/{id}/files/{name}`,
      tags: ["Scans"],
      summary: "A file that a finished scan has written",
      request: { params: Id.extend({ name: ScanFileSchema }) },
      responses: { 200: { description: "The file.", content: { "*/*": { schema: BINARY } } }, ...PROBLEMS },
    }),
  );
  app.get(`${SCANS}/:id/files/:name`, async (c) => {
    const name = c.req.param("name");
    if (!Object.hasOwn(SCAN_FILES, name))
      throw new SafelightError("not_found", `there is no such file; there are: ${Object.keys(SCAN_FILES).join(", ")}`);
    const known = name as ScanFile; // a key of SCAN_FILES
    const path = await scans.file(c.req.param("id"), known);
    return c.body(Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>, 200, {
      "Content-Type": SCAN_FILES[known],
      "Content-Length": String((await stat(path)).size),
      "Content-Disposition": `attachment; filename="${known}"`,
      "Cache-Control": "no-store",
    });
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "get",
      path: `${SCANS}/{id}/thumbnail`,
      tags: ["Scans"],
      summary: "A picture of the data set, small",
      description: "What was rejected, or could not be judged, is blurred.",
      request: { params: Id, query: Key },
      responses: { 200: { description: "JPEG.", content: { "image/jpeg": { schema: BINARY } } }, ...PROBLEMS },
    }),
  );
  app.get(`${SCANS}/:id/thumbnail`, async (c) => {
    const { key } = validate(c.req.query(), Key);
    const bytes = await scans.thumbnail(c.req.param("id"), key);
    return c.body(new Uint8Array(bytes), 200, {
      "Content-Type": "image/jpeg",
      "Cache-Control": "private, max-age=600",
    });
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "post",
      path: `${SCANS}/{id}/reveal`,
      tags: ["Scans"],
      summary: "The same, never blurred",
      description: "Who asked is written down, beside the results, before the picture is sent.",
      request: { params: Id, query: Key },
      responses: { 200: { description: "JPEG.", content: { "image/jpeg": { schema: BINARY } } }, ...PROBLEMS },
    }),
  );
  app.post(`${SCANS}/:id/reveal`, async (c) => {
    const { key } = validate(c.req.query(), Key);
    const bytes = await scans.reveal(c.req.param("id"), key, { requestId: c.get("requestId"), key: c.get("key") });
    return c.body(new Uint8Array(bytes), 200, { "Content-Type": "image/jpeg", "Cache-Control": "no-store" });
  });

  for (const [verb, summary] of [
    ["cancel", "Stop a scan where it is"],
    ["resume", "Go on with a scan where it was"],
  ] as const) {
    app.openAPIRegistry.registerPath(
      createRoute({
        method: "post",
        path: `${SCANS}/{id}/${verb}`,
        tags: ["Scans"],
        summary,
        request: { params: Id },
        responses: { 202: { description: "The scan as it stands.", content: scanned }, ...PROBLEMS },
      }),
    );
    app.post(`${SCANS}/:id/${verb}`, async (c) => c.json(await scans[verb](c.req.param("id")), 202));
  }

  for (const [verb, summary] of [
    ["quarantine", "Move what was rejected out of the data set"],
    ["undo", "Bring back what was moved, byte for byte"],
  ] as const) {
    app.openAPIRegistry.registerPath(
      createRoute({
        method: "post",
        path: `${SCANS}/{id}/${verb}`,
        tags: ["Scans"],
        summary,
        description:
          "Pictures go to `scans.quarantine` of the configuration. Removal for good is for the command line alone.",
        request: { params: Id },
        responses: {
          200: { description: "What was done.", content: { "application/json": { schema: ScanConsequencesSchema } } },
          ...PROBLEMS,
        },
      }),
    );
    // a client that leaves does not stop what has begun half-way
    app.post(`${SCANS}/:id/${verb}`, async (c) =>
      c.json(await scans[verb](c.req.param("id"), new AbortController().signal), 200),
    );
  }
}

function matching({ category, problem, faces, min_score, q }: z.output<typeof Items>): (item: ScanItem) => boolean {
  const part = q?.toLowerCase();
  return (item) => {
    return (
      (problem === undefined || item.problems.some(({ code }) => code === problem)) &&
      (faces === undefined || (item.faces !== null && FACES[Math.min(2, item.faces)] === faces)) &&
      (min_score === undefined || scoreOf(item, category ?? null) >= min_score) &&
      (part === undefined || item.key.toLowerCase().includes(part))
    );
  };
}

function cursorOf(at: z.output<typeof ItemCursor> | z.output<typeof ScanCursor>): string {
  return Buffer.from(JSON.stringify(at)).toString("base64url");
}

/** @throws SafelightError `invalid_request` that points to the field */
function readCursor<S extends z.ZodType>(field: string, text: string, schema: S): z.output<S> {
  try {
    return schema.parse(JSON.parse(Buffer.from(text, "base64url").toString()));
  } catch {
    const detail = "it is not the `next` of a page";
    throw new SafelightError("invalid_request", `${field}: ${detail}`, { errors: [{ pointer: `#/${field}`, detail }] });
  }
}
