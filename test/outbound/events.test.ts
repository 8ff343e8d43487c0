import { describe, expect, test } from "vitest";
import { readEvents } from "../../src/outbound/events.ts";

async function eventsOf(text: string, size = text.length): Promise<[string, string][]> {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
  }
  const events: [string, string][] = [];
  for await (const { name, data } of readEvents(chunks())) events.push([name, data]);
  return events;
}

describe("a stream of server-sent events", () => {
  const text =
    ': hello\nevent: one\ndata: {"ä":"€"}\nid: 7\n\ndata:a\ndata: b\n\nretry: 5\n\nevent: none\n\ndata: last';
  const events = [
    ["one", '{"ä":"€"}'],
    ["", "a\nb"],
    ["", "last"],
  ];

  test.each([1, 2, 3, 7, 1_000])("is read in pieces of %i bytes", async (size) => {
    expect(await eventsOf(text, size)).toEqual(events);
    expect(await eventsOf(text.replaceAll("\n", "\r\n"), size)).toEqual(events);
  });

  test("is empty when nothing comes, or nothing but text of another kind", async () => {
    expect(await eventsOf("", 1)).toEqual([]);
    expect(await eventsOf('{"error": {"message": "data: x"}}')).toEqual([]);
    expect(await eventsOf("database: x\n\n")).toEqual([]);
  });

  test("with megabytes in one event is read in good time", async () => {
    const start = performance.now();
    const [event] = await eventsOf(`data: ${"A".repeat(8_000_000)}\n\n`, 16_384);
    expect(event?.[1]).toHaveLength(8_000_000);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
