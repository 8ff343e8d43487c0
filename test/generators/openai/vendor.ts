import type { Answerer, Reply } from "../../vendors/server.ts";
import type { Given, Script } from "../contract.ts";

/** What the generator sends: its own tests hold the fields. */
export interface Sent {
  readonly prompt: string;
  readonly n: number;
  readonly [field: string]: unknown;
}

export const refused = (code: string, details?: object): Reply => ({
  status: 400,
  body: {
    error: { message: "a castle was refused", type: "image_generation_user_error", param: null, code, ...details },
  },
});

const base64 = (given: Exclude<Given, { kind: "withheld" }>) =>
  given.kind === "text" ? given.text : Buffer.from(given.bytes).toString("base64");

/** The Images API, as far as it answers with pictures in JSON. */
export function imagesApi(script: Script): Answerer {
  return async (call) => {
    const { n } = call.json() as Sent; // see Sent
    await script.ready;
    const given = Array.from({ length: script.count(n) }, (_, place) => script.picture(place));
    const shown = given.filter((each) => each.kind !== "withheld");
    if (shown.length < given.length) return refused("moderation_blocked");
    return { body: { created: 1, output_format: "png", data: shown.map((each) => ({ b64_json: base64(each) })) } };
  };
}

/** The same, as a stream of events with unfinished pictures before the finished one. */
export function imagesStream(script: Script): Answerer {
  return async (call, response) => {
    const { partial_images } = call.json() as { partial_images: number }; // see Sent
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    await script.ready;
    const given = script.picture(0);
    if (given.kind === "withheld") {
      response.end(event("error", { type: "error", error: { code: "moderation_blocked", message: "a castle" } }));
      return;
    }
    for (let i = 0; i < partial_images; i++)
      response.write(event("image_generation.partial_image", { partial_image_index: i, b64_json: "VU5GSU5JU0hFRA==" }));
    response.end(event("image_generation.completed", { b64_json: base64(given), output_format: "png" }));
  };
}

export const event = (type: string, data: object) => `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
