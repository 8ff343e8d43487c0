import type { Context } from "hono";
import { z } from "zod";
import type { Generation } from "../../../app/service.ts";
import { severity } from "../../../contract/actions.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { GenerationEvent } from "../../../contract/generation.ts";
import { serverTiming } from "../../answer.ts";
import { readJson } from "../../body.ts";
import { answerJson } from "../../json.ts";
import type { App, Door, Environment } from "../../types.ts";
import { type Ended, failureOf, imagesAnswer, refusalOf, safelightMember } from "./answer.ts";
import { answerError, answerRefusal } from "./errors.ts";
import { type ImagesRequest, imagesRequestSchema, readImagesRequest } from "./parameters.ts";
import { streamRest } from "./stream.ts";

const AnyJson = z.unknown();

export function generationRoutes(app: App, door: Door): void {
  const { service } = door;
  const schema = imagesRequestSchema(service);

  app.post("/v1/images/generations", async (c) => {
    const asked = readImagesRequest(await readJson(c, AnyJson), schema, service);
    const generation = service.generate(asked.generation, c.req.raw.signal);
    const origin = door.publicUrl ?? new URL(c.req.url).origin;
    if (!asked.stream)
      return answer(c, { record: await generation.record, pictures: generation.pictures, origin }, asked);
    const events = generation[Symbol.asyncIterator]();
    const ended = await untilPrompt(events, generation, origin);
    return ended === undefined ? streamRest(c, door, { events, generation, origin }, asked) : answer(c, ended, asked);
  });

  for (const path of ["/v1/images/edits", "/v1/images/variations"]) {
    app.post(path, () => {
      throw new SafelightError("not_found", `${path} is not supported: Safelight makes pictures from prompts alone`);
    });
  }
}

/**
 * Follows a generation until its prompt has passed: what fails before that is answered with a status of its own.
 * @returns undefined when the rest is to be streamed
 */
async function untilPrompt(
  events: AsyncIterator<GenerationEvent>,
  { pictures }: Generation,
  origin: string,
): Promise<Ended | undefined> {
  for (let next = await events.next(); !next.done; next = await events.next()) {
    const event = next.value;
    if (event.type === "finished") return { record: event.record, pictures, origin };
    if (event.type === "prompt_decided" && severity(event.decision.action) < severity("review")) return undefined;
  }
  throw new SafelightError("internal", "the generation ended without a record");
}

async function answer(c: Context<Environment>, ended: Ended, asked: ImagesRequest): Promise<Response> {
  const { record } = ended;
  c.header("Server-Timing", serverTiming(record));
  c.header("Safelight-Policy", `${record.policy.name}; digest="${record.policy.digest}"`);
  if (record.action) c.header("Safelight-Action", record.action);
  const refused = refusalOf(ended, asked);
  if (refused) return answerRefusal(c, 400, refused, { safelight: safelightMember(ended, asked) });
  if (record.state !== "complete")
    return answerError(c, failureOf(ended), { safelight: safelightMember(ended, asked) });
  return answerJson(c, await imagesAnswer(ended, asked));
}
