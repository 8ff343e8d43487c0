import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readGenerationEvents, type StreamEvent } from "../../web/src/api/events.ts";
import { ApiError } from "../../web/src/api/problem.ts";
import { answer, RETRIED } from "./fixtures.ts";

const FINISHED: StreamEvent = {
  type: "finished",
  at_ms: 130,
  record: answer({
    warnings: [{ stage: "prompt", category: null, action: "warn", index: null, message: "Füchse 🦊 im Schnee" }],
  }),
};

function encoded(events: readonly StreamEvent[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

function body(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const next = left.shift();
      if (next) controller.enqueue(next);
      else controller.close();
    },
  });
}

function cut(text: string, at: readonly number[]): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const edges = [0, ...at.map((place) => place % bytes.length), bytes.length].sort((a, b) => a - b);
  return edges.slice(1).map((edge, i) => bytes.slice(edges[i], edge));
}

async function read(chunks: readonly Uint8Array[]): Promise<StreamEvent[]> {
  return Array.fromAsync(readGenerationEvents(body(chunks)));
}

describe("reading a generation's server-sent events", () => {
  test("the same events come out wherever the bytes are cut, inside a character too", async () => {
    const events = [...RETRIED, FINISHED];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 40 }), async (places) => {
        expect(await read(cut(encoded(events), places))).toEqual(events);
      }),
      { numRuns: 60 },
    );
  });

  test("comments, CRLF and data over several lines are understood", async () => {
    const [first, second] = JSON.stringify(FINISHED).split(/(?<=^.{30}),/);
    const text = `: still here\r\n\r\nevent: finished\r\ndata: ${first},\r\ndata: ${second}\r\n\r\n`;
    expect(await read(cut(text, []))).toEqual([FINISHED]);
  });

  test("an error event is thrown as the server's problem", async () => {
    const problem = { status: 503, code: "overloaded", title: "Too many", detail: "try later", request_id: "req_9" };
    const text = `${encoded(RETRIED.slice(0, 2))}event: error\ndata: ${JSON.stringify(problem)}\n\n`;
    const failure = await read(cut(text, [])).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ problem: { code: "overloaded", request_id: "req_9" } });
  });

  test("a body that ends before the answer is an error, not an answer", async () => {
    await expect(read(cut(encoded(RETRIED), []))).rejects.toMatchObject({ problem: { code: "cut_off" } });
    await expect(read(cut('event: finished\ndata: {"type"\n\n', []))).rejects.toMatchObject({
      problem: { code: "cut_off" },
    });
  });

  test("leaving the loop cancels the body", async () => {
    let cancelled = false;
    const open = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(encoded(RETRIED))),
      cancel: () => {
        cancelled = true;
      },
    });
    for await (const _ of readGenerationEvents(open)) break;
    expect(cancelled).toBe(true);
  });

  test("a large answer in small pieces takes no more than linear time", async () => {
    const large: StreamEvent = { ...FINISHED, record: answer({ images: [], generator: "x".repeat(8_000_000) }) };
    const text = encoded([large]);
    const start = performance.now();
    const places = Array.from({ length: 2_000 }, (_, i) => i * 4_096);
    expect((await read(cut(text, places))).length).toBe(1);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
