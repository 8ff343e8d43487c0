import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { SafelightError } from "../../contract/errors.ts";
import { ImageCheckSchema, promptSchema, TextCheckSchema } from "../../contract/generation.ts";
import type { Policy } from "../../policy/schema.ts";
import { fromBase64 } from "../base64.ts";
import { mediaType, readJson, validate, wrongMediaType } from "../body.ts";
import { PROBLEMS } from "../openapi.ts";
import type { App, Door, Environment } from "../types.ts";

const TEXT = "/api/v1/checks/text";
const IMAGE = "/api/v1/checks/image";

const PolicyName = z.string().min(1).max(64).optional();
const Base64 = z
  .string()
  .min(1)
  .transform((value, context) => {
    const bytes = fromBase64(value.replace(/^data:[a-z0-9.+/-]+;base64,/i, ""));
    if (bytes) return bytes;
    context.addIssue({ code: "custom", message: "must be base64, or a data URL of it" });
    return z.NEVER;
  });

export function checkRoutes(app: App, door: Door): void {
  const { service } = door;
  const TextBody = z.strictObject({ text: promptSchema(service.limits), policy: PolicyName });
  const ImageBody = z.strictObject({ image: Base64, policy: PolicyName });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "post",
      path: TEXT,
      tags: ["Checks"],
      summary: "Judge a prompt without generating",
      request: { body: { required: true, content: { "application/json": { schema: TextBody } } } },
      responses: {
        200: {
          description: "The decision, whatever it is.",
          content: { "application/json": { schema: TextCheckSchema } },
        },
        ...PROBLEMS,
      },
    }),
  );
  app.post(TEXT, async (c) => {
    const { text, policy } = await readJson(c, TextBody);
    const { policy: used, totalMs, ...judgement } = await service.checkText(text, policy, c.req.raw.signal);
    c.header("Server-Timing", `moderation;dur=${totalMs.toFixed(2)}`);
    return c.json({ ...judgement, policy: ref(used), timings: { total_ms: totalMs }, request_id: c.get("requestId") });
  });

  app.openAPIRegistry.registerPath(
    createRoute({
      method: "post",
      path: IMAGE,
      tags: ["Checks"],
      summary: "Judge a picture",
      request: {
        body: {
          required: true,
          content: {
            "application/json": {
              schema: z.strictObject({ image: z.string().openapi({ format: "byte" }), policy: PolicyName }),
            },
            "multipart/form-data": {
              schema: z.object({ image: z.string().openapi({ format: "binary" }), policy: PolicyName }),
            },
          },
        },
      },
      responses: {
        200: {
          description: "The decision, whatever it is.",
          content: { "application/json": { schema: ImageCheckSchema } },
        },
        ...PROBLEMS,
      },
    }),
  );
  app.post(IMAGE, async (c) => {
    const { image, policy } = mediaType(c) === "multipart/form-data" ? await readForm(c) : await readImageJson(c);
    const {
      policy: used,
      image: seen,
      decodeMs,
      totalMs,
      ...judgement
    } = await service.checkImage(image, policy, c.req.raw.signal);
    c.header("Server-Timing", `decode;dur=${decodeMs.toFixed(2)}, moderation;dur=${totalMs.toFixed(2)}`);
    return c.json({
      ...judgement,
      policy: ref(used),
      image: {
        digest: seen.digest,
        media_type: seen.mediaType,
        width: seen.width,
        height: seen.height,
        frames: seen.frames,
        frames_judged: seen.framesJudged,
      },
      timings: { decode_ms: decodeMs, total_ms: totalMs },
      request_id: c.get("requestId"),
    });
  });

  function readImageJson(c: Context<Environment>) {
    if (mediaType(c) !== "application/json") throw wrongMediaType(c, "application/json or multipart/form-data");
    return readJson(c, ImageBody, "pictures");
  }
}

async function readForm(c: Context<Environment>): Promise<{ image: Uint8Array; policy: string | undefined }> {
  let form: FormData;
  try {
    form = await c.req.formData();
  } catch {
    throw new SafelightError("invalid_request", "the multipart body cannot be read");
  }
  const errors = [...form.keys()]
    .filter((key) => key !== "image" && key !== "policy")
    .map((key) => ({
      pointer: `#/${encodeURIComponent(key)}`,
      detail: "is no known field; send image and, if you like, policy",
    }));
  const image = form.get("image");
  if (!(image instanceof File)) errors.push({ pointer: "#/image", detail: "must be a file" });
  if (form.getAll("image").length > 1) errors.push({ pointer: "#/image", detail: "must be one file" });
  if (errors.length > 0 || !(image instanceof File)) {
    throw new SafelightError(
      "invalid_request",
      errors.map(({ pointer, detail }) => `"${pointer.slice(2)}" ${detail}`).join(", "),
      { errors },
    );
  }
  const { policy } = validate({ policy: form.get("policy") ?? undefined }, z.object({ policy: PolicyName }));
  return { image: new Uint8Array(await image.arrayBuffer()), policy };
}

function ref({ name, version, digest }: Policy) {
  return { name, version, digest };
}
