export interface ServerEvent {
  /** Empty where the stream names none. */
  readonly name: string;
  readonly data: string;
}

/** Reads `text/event-stream` (WHATWG HTML, section 9.2.6) while it comes. Comments, ids and reconnection times are passed over. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent, void> {
  let name = "";
  let data: string[] = [];
  for await (const line of linesOf(chunks)) {
    if (line === "") {
      if (data.length > 0) yield { name, data: data.join("\n") };
      name = "";
      data = [];
    }
    const [, field, value = ""] = /^(event|data): ?(.*)$/s.exec(line) ?? [];
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
  if (data.length > 0) yield { name, data: data.join("\n") };
}

/** A line may be megabytes of base64 in many chunks: each chunk is looked at once. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let begun: string[] = [];
  const whole = (end: string) => {
    const line = begun.length === 0 ? end : begun.join("") + end;
    begun = [];
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  };
  for await (const chunk of chunks) {
    const pieces = decoder.decode(chunk, { stream: true }).split("\n");
    const last = pieces.pop() ?? "";
    for (const piece of pieces) yield whole(piece);
    begun.push(last);
  }
  yield whole(decoder.decode());
}
