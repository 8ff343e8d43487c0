import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GenerationAnswer } from "../../src/contract/generation.ts";
import { createApp } from "../../src/http/app.ts";
import { Keys } from "../../src/http/keys.ts";
import { type CardServer, serveCards } from "./card-server.ts";
import { holdsBytesOf, picturesIn } from "./escaped.ts";
import { serve, type TestServer } from "./serve.ts";

let cards: CardServer;
let server: TestServer;
let routes: readonly string[];
beforeAll(async () => {
  cards = await serveCards();
  server = await serve(
    `log: {level: silent}\ngenerators: {sd: {kind: a1111, url: "${cards.url}"}}\nlimits: {concurrent_generations: 64}\n`,
  );
  const door = {
    service: server.service,
    log: pino({ level: "silent" }),
    publicUrl: undefined,
    loopback: true,
    keys: new Keys({}),
  };
  const app = await createApp({ ...door, dialects: { a1111: { refused: "picture" } } });
  routes = [...new Set(app.routes.map(({ method, path }) => `${method} ${path}`))];
});
afterAll(async () => {
  await server.close();
  await cards.close();
});

/** Asks the route, by one way that a client has, for a picture of this prompt. @returns every body that the client gets */
type Ask = (prompt: string) => Promise<readonly Uint8Array[]>;

const post = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
  bytesOf(await server.post(path, body, headers));
const get = async (path: string) => bytesOf(await fetch(new URL(path, server.url)));
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
const NATIVE = "/api/v1/generations";
const SIZE = { width: 256, height: 256 };

/** Makes a generation by the native route and asks for what the address says of it. */
const ofAMadeOne =
  (...paths: string[]): Ask =>
  async (prompt) => {
    const answer = JSON.parse(Buffer.from(await post(NATIVE, { prompt, ...SIZE })).toString()) as GenerationAnswer;
    return Promise.all(paths.map((path) => get(`${NATIVE}${path.replace(":id", answer.id)}`)));
  };

/** OpenAI's parameters. */
const ofOpenAI =
  (asked: object): Ask =>
  async (prompt) => [await post("/v1/images/generations", { prompt, size: `${SIZE.width}x${SIZE.height}`, ...asked })];

const invoke = (body: object, accept = "application/json", path = "/aws/endpoints/sd/invocations") =>
  post(path, body, { Accept: accept });

/** Routes through which a picture can leave, with every way to ask that differs in how it leaves. */
const JUDGES: Readonly<Record<string, Readonly<Record<string, Ask>>>> = {
  "POST /api/v1/generations": {
    "as JSON": async (prompt) => [await post(NATIVE, { prompt, ...SIZE })],
    "as events": async (prompt) => [await post(NATIVE, { prompt, ...SIZE }, { Accept: "text/event-stream" })],
    "in the background": async (prompt) => {
      const begun = await post(NATIVE, { prompt, ...SIZE }, { Prefer: "respond-async" });
      const { url } = JSON.parse(Buffer.from(begun).toString()) as GenerationAnswer;
      await expect
        .poll(async () => Buffer.from(await get(url)).toString(), { timeout: 10_000 })
        .not.toContain('"state":"running"');
      return [begun, await get(`${url}?b64=true`)];
    },
  },
  "GET /api/v1/generations": { "as a list": ofAMadeOne("?limit=1") },
  "GET /api/v1/generations/:id": { "with base64": ofAMadeOne("/:id?b64=true") },
  "GET /api/v1/generations/:id/images/:index": { "by address": ofAMadeOne("/:id/images/0") },
  "POST /sdapi/v1/txt2img": {
    "as JSON": async (prompt) => [await post("/sdapi/v1/txt2img", { prompt, ...SIZE })],
  },
  "POST /v1/images/generations": {
    "as base64": ofOpenAI({}),
    "encoded anew": ofOpenAI({ output_format: "webp" }),
    "by address": ofOpenAI({ response_format: "url" }),
    "as a stream": ofOpenAI({ stream: true, partial_images: 3 }),
  },
  "POST /aws/endpoints/:name/invocations": {
    "as pixels": async (prompt) => [await invoke({ prompt, ...SIZE })],
    "as JPEG": async (prompt) => [await invoke({ prompt, ...SIZE }, "application/json;jpeg")],
    "as one of several prompts": async (prompt) => [
      await invoke({ prompt: [prompt], ...SIZE }, "application/json;jpeg"),
    ],
    "as Stability's artifacts": async (prompt) => [await invoke({ text_prompts: [{ text: prompt }], ...SIZE })],
    "as one PNG": async (prompt) => [await invoke({ text_prompts: [{ text: prompt }], use_refiner: false, ...SIZE })],
  },
  "POST /aws//endpoints/:name/invocations": {
    "as JPEG": async (prompt) => [
      await invoke({ prompt, ...SIZE }, "application/json;jpeg", "/aws//endpoints/sd/invocations"),
    ],
  },
};

/** A route that gives the unblurred original on purpose, where the policy allows the caller to see it. It has tests of its own. */
const REVEALS = "POST /api/v1/generations/:id/images/:index/reveal";

/** Routes through which no picture leaves, and why. */
const NO_PICTURES: Readonly<Record<string, string>> = {
  "POST /api/v1/generations/:id/cancel": "answers the record as it is while the generation runs, without base64",
  "POST /api/v1/checks/text": "judges a text, and generates nothing",
  "POST /api/v1/checks/image": "judges the caller's own picture, and answers scores",
  "GET /api/v1/policies": "lists policies",
  "GET /api/v1/policies/:name": "shows a policy",
  "POST /api/v1/scans": "begins to judge pictures that lie in a data set",
  "GET /api/v1/scans": "lists scans",
  "GET /api/v1/scans/:id": "tells a state",
  "GET /api/v1/scans/:id/events": "tells a state",
  "GET /api/v1/scans/:id/items": "tells decisions and scores",
  "GET /api/v1/scans/:id/copies": "tells names of files",
  "GET /api/v1/scans/:id/files/:name": "is a report about a data set",
  "GET /api/v1/scans/:id/thumbnail":
    "shows a picture of a data set, which was made elsewhere; blurred where it was rejected",
  "POST /api/v1/scans/:id/reveal": "shows a picture of a data set, which was made elsewhere",
  "POST /api/v1/scans/:id/cancel": "tells a state",
  "POST /api/v1/scans/:id/resume": "tells a state",
  "POST /api/v1/scans/:id/quarantine": "moves files, and tells how many",
  "POST /api/v1/scans/:id/undo": "moves files, and tells how many",
  "GET /api/v1/info": "tells settings",
  "GET /api/v1/schemas/:name": "shows a schema",
  "GET /healthz": "tells a state",
  "GET /readyz": "tells a state",
  "GET /openapi.json": "describes the API",
  "GET /docs": "is a page of the API's description",
  "GET /docs/start.js": "is a file of that page",
  "GET /docs/swagger-ui.css": "is a file of that page",
  "GET /docs/swagger-ui-bundle.js": "is a file of that page",
  "POST /v1/images/edits": "is refused, whatever it asks",
  "POST /v1/images/variations": "is refused, whatever it asks",
  "POST /v1/moderations": "judges the caller's own texts and pictures, and answers scores",
  "GET /v1/models": "lists generators and policies",
  "GET /v1/models/:id": "shows the name of one",
  "POST /aws": "judges the caller's own text or picture, and answers labels",
  "POST /aws/": "judges the caller's own text or picture, and answers labels",
  "POST /sdapi/v1/img2img": "is refused, whatever it asks",
  "GET /sdapi/v1/progress": "has no preview, ever",
  "POST /sdapi/v1/interrupt": "answers an empty object",
  "POST /sdapi/v1/skip": "answers null",
  "GET /sdapi/v1/options": "tells settings",
  "POST /sdapi/v1/options": "chooses the generator",
  "GET /sdapi/v1/sd-models": "lists generators",
  "POST /sdapi/v1/refresh-checkpoints": "answers null",
  "GET /sdapi/v1/samplers": "is a constant",
  "GET /sdapi/v1/schedulers": "is a constant",
  "GET /sdapi/v1/upscalers": "is a constant",
  "GET /sdapi/v1/latent-upscale-modes": "is a constant",
  "GET /sdapi/v1/sd-vae": "is a constant",
  "GET /sdapi/v1/loras": "is a constant",
  "GET /sdapi/v1/embeddings": "is a constant",
  "GET /sdapi/v1/hypernetworks": "is a constant",
  "GET /sdapi/v1/face-restorers": "is a constant",
  "GET /sdapi/v1/prompt-styles": "is a constant",
  "GET /sdapi/v1/scripts": "is a constant",
  "GET /sdapi/v1/cmd-flags": "is a constant",
};

/** Files of the console, which are there once it is built, and none of which is a generated picture. */
const CONSOLE = [
  "GET /",
  "GET /generations/:id",
  "GET /scans",
  "GET /scans/:id",
  "GET /assets/*",
  "GET /:file{[a-z0-9-]+\\.(?:svg|png|ico|webmanifest|txt)}",
];

/** Before every route: request ids, the log, headers, limits, keys. They answer errors or go on. */
const MIDDLEWARE = ["ALL /*", "ALL /v1/*"];

describe("the list of routes", () => {
  const told = () => [...Object.keys(JUDGES), ...Object.keys(NO_PICTURES), REVEALS];

  test("every route of the server is in this file: a new one has to say how its pictures are judged", () => {
    const own = routes.filter(
      (route) => !refusesMethods(route) && !MIDDLEWARE.includes(route) && !CONSOLE.includes(route),
    );
    expect(own.filter((route) => !told().includes(route))).toEqual([]);
  });

  test("nothing is told of routes that are not there", () => {
    expect(told().filter((route) => !routes.includes(route))).toEqual([]);
  });

  test("no route is told twice", () => {
    expect(new Set(told()).size).toBe(told().length);
  });

  test("an address asked with a method that it does not have answers an error, and no picture", async () => {
    for (const route of routes.filter(refusesMethods)) {
      const path = route.slice("ALL ".length);
      const response = await fetch(`${server.url}${path}`, { method: "PATCH" });
      expect([path, response.ok, await picturesIn(await bytesOf(response))]).toEqual([path, false, []]);
    }
  });
});

/** What is added to an address that has routes of its own, for all methods that it has not. */
function refusesMethods(route: string): boolean {
  const [method, path] = route.split(" ");
  return method === "ALL" && routes.some((other) => other !== route && other.endsWith(` ${path}`));
}

/** A red boat, and what the test card on its picture says. */
const prompt = (signal: string) => `a red boat on a lake ${signal}`;
const ways = Object.entries(JUDGES).flatMap(([route, asks]) =>
  Object.entries(asks).map(([way, ask]) => [route, way, ask] as const),
);

describe.each(ways)("%s, %s", (_route, _way, ask) => {
  /** @returns what the client got, and which pictures the back end made for it */
  const asked = async (signal: string) => {
    const before = cards.made.length;
    const bodies = await ask(prompt(signal));
    const made = cards.made.slice(before);
    const pictures = (await Promise.all([...bodies, ...(await linked(bodies))].map(picturesIn))).flat();
    return { bodies, made, pictures };
  };

  test("a picture that is allowed comes as it was made: this file would see one that should not", async () => {
    const { pictures, made } = await asked("safelight-test:image:sexual:0.1");
    expect(made).toHaveLength(1);
    expect(pictures).toContainEqual(
      expect.objectContaining({ card: { kind: "score", category: "sexual", score: 0.1 } }),
    );
    expect(Math.max(...pictures.map(({ contrast }) => contrast))).toBeGreaterThan(180);
  });

  test.each([
    ["is blocked", "safelight-test:image:sexual:0.97"],
    ["waits for review", "safelight-test:image:hate:0.75"],
    ["could not be judged", "safelight-test:image:error"],
  ])("nothing of a picture that %s leaves", async (_what, signal) => {
    const { bodies, pictures, made } = await asked(signal);
    expect(made.length).toBeGreaterThan(0);
    expect(bodies.some((body) => holdsBytesOf(body, made))).toBe(false);
    expect(pictures.filter(({ card }) => card !== undefined)).toEqual([]);
  });

  test("a picture that is blurred leaves blurred only", async () => {
    const { bodies, pictures, made } = await asked("safelight-test:image:sexual:0.8");
    expect(made.length).toBeGreaterThan(0);
    expect(bodies.some((body) => holdsBytesOf(body, made))).toBe(false);
    expect(pictures.length).toBeGreaterThan(0);
    for (const { card, contrast, width, height } of pictures) {
      expect({ card, width, height }).toEqual({ card: undefined, ...SIZE });
      expect(contrast).toBeLessThan(60);
    }
  });

  test("a prompt that is refused makes no picture at all", async () => {
    const { made, pictures } = await asked("safelight-test:prompt:violence:1.0 safelight-test:image:sexual:0.1");
    expect(made).toEqual([]);
    expect(pictures.filter(({ card }) => card !== undefined)).toEqual([]);
  });
});

/** What the addresses of pictures in the bodies lead to. */
async function linked(bodies: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
  const addresses = bodies.flatMap((body) => [
    ...Buffer.from(body)
      .toString("utf8")
      .matchAll(/"(http:\/\/127\.0\.0\.1:\d+\/[^"]*\/images\/\d+[^"]*)"/g),
  ]);
  return Promise.all([...new Set(addresses.map(([, address]) => String(address)))].map(get));
}

describe(REVEALS, () => {
  const reveal = async (signal: string) => {
    const made = await post(NATIVE, { prompt: prompt(signal), ...SIZE });
    const { id } = JSON.parse(Buffer.from(made).toString()) as GenerationAnswer;
    return server.post(`${NATIVE}/${id}/images/0/reveal`, "");
  };

  test.each(["safelight-test:image:sexual:0.97", "safelight-test:image:hate:0.75", "safelight-test:image:error"])(
    "reveals no picture that may not be shown: %s",
    async (signal) => {
      const before = cards.made.length;
      const response = await reveal(signal);
      expect(response.status).toBe(404);
      expect(holdsBytesOf(await bytesOf(response), cards.made.slice(before))).toBe(false);
    },
  );

  test("reveals a blurred one, which the policy allows and the record tells", async () => {
    expect((await reveal("safelight-test:image:sexual:0.8")).status).toBe(200);
  });
});
