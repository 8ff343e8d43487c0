import { EventSourceParserStream } from "eventsource-parser/stream";
import type { GenerationAnswer, GenerationEvent } from "../../../src/contract/generation.ts";
import { ApiError, cutOff, toProblem } from "./problem.ts";

/** As the API streams it: the last event holds the answer, which is the record with addresses of the pictures. */
export type StreamEvent =
  | Exclude<GenerationEvent, { type: "finished" }>
  | { readonly type: "finished"; readonly at_ms: number; readonly record: GenerationAnswer };

/**
 * Reads a generation's server-sent events, ending with `finished`. Leaving the loop cancels the body.
 * @throws ApiError with the server's problem on `event: error`, or `cut_off` when the body ends too early
 */
export async function* readGenerationEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent, void> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw cutOff();
      const data = parse(value.data);
      if (value.event === "error") throw new ApiError(toProblem(500, data));
      // The page and the API are one build from one contract, and the server's tests hold every event to its schema.
      const event = data as StreamEvent;
      yield event;
      if (event.type === "finished") return;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw cutOff(cause);
  }
}
