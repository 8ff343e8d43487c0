import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { Generation } from "../../../app/service.ts";
import type { GenerationEvent } from "../../../contract/generation.ts";
import { toSafelightError } from "../../problem.ts";
import type { Door, Environment } from "../../types.ts";
import {
  type Ended,
  encodedOf,
  failureOf,
  NO_TOKENS,
  refusalOf,
  safelightMember,
  seconds,
  shownImages,
  sizeOf,
} from "./answer.ts";
import { errorBody, type OpenAIError, toOpenAIError } from "./errors.ts";
import type { ImagesRequest } from "./parameters.ts";

const KEEP_ALIVE_MS = 15_000;

type Event = { readonly type: string; readonly [member: string]: unknown };

/**
 * The rest of a generation as OpenAI's server-sent events: `image_generation.completed` for each picture that is shown, once
 * all are judged and the record is durable, or one `error`. Partial pictures are never sent: nobody has judged them.
 */
export function streamRest(
  c: Context<Environment>,
  { log }: Door,
  rest: { readonly events: AsyncIterator<GenerationEvent>; readonly generation: Generation; readonly origin: string },
  asked: ImagesRequest,
): Response {
  c.header("X-Accel-Buffering", "no");
  const requestId = c.get("requestId");
  return streamSSE(c, async (sse) => {
    const keepAlive = setInterval(() => void sse.write(": still here\n\n"), KEEP_ALIVE_MS);
    const send = (event: Event) => sse.writeSSE({ event: event.type, data: JSON.stringify(event) });
    try {
      await sse.write(": the prompt has passed\n\n");
      for (let next = await rest.events.next(); !next.done && !sse.aborted; next = await rest.events.next()) {
        if (next.value.type !== "finished") continue;
        const ended = { record: next.value.record, pictures: rest.generation.pictures, origin: rest.origin };
        for await (const event of lastEvents(ended, asked)) await send(event);
      }
    } catch (error) {
      const failure = toSafelightError(error);
      if (failure.code === "internal") log.error({ err: failure.cause, request_id: requestId }, "stream failed");
      await send(errorEvent(toOpenAIError(failure)));
    } finally {
      clearInterval(keepAlive);
      await rest.events.return?.();
    }
  });
}

async function* lastEvents(ended: Ended, asked: ImagesRequest): AsyncGenerator<Event> {
  const safelight = safelightMember(ended, asked);
  const refused = refusalOf(ended, asked);
  if (refused) return yield errorEvent(refused, { safelight });
  if (ended.record.state !== "complete") return yield errorEvent(toOpenAIError(failureOf(ended)), { safelight });
  for (const image of shownImages(ended)) {
    const { bytes, format } = await encodedOf(ended, image, asked);
    yield {
      type: "image_generation.completed",
      b64_json: Buffer.from(bytes).toString("base64"),
      created_at: seconds(ended.record.created_at),
      size: sizeOf(ended, image),
      quality: "auto",
      background: asked.encoding.opaque ? "opaque" : "auto",
      output_format: format,
      usage: NO_TOKENS,
      safelight: { ...safelight, index: image.index },
    };
  }
}

function errorEvent(error: OpenAIError, members: object = {}): Event {
  return { type: "error", ...errorBody(error, members) };
}
