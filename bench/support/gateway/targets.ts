import { freePort, type Processes } from "./processes.ts";

/** What stands between the load generator and the back end. */
export interface Target {
  readonly name: string;
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** More than the connections of any job. */
const CONCURRENT = 64;

const NO_CHECKS = `
schema: safelight.policy/1
name: default
version: "1"
prompt: { detectors: {}, categories: {} }
image: { detectors: {}, categories: {} }
retention: { prompts: digest, pictures: discard, originals: discard }
`;

type Open = (backEnd: number, processes: Processes) => Promise<Omit<Target, "name">>;

const json = { "content-type": "application/json" };

const safelight = (name: string, policies: Readonly<Record<string, string>>): Open =>
  async function open(backEnd, processes) {
    const files = Object.keys(policies);
    const settings = {
      image_cache: { entries: 0 }, // the back end has one picture
      generators: { dummy: { kind: "openai", url: `http://127.0.0.1:${backEnd}/v1`, model: "dummy" } },
      limits: { concurrent_generations: CONCURRENT },
      ...(files.length > 0 ? { policies: files } : {}),
    };
    return { port: await processes.safelight(name, settings, policies), headers: json };
  };

export const TARGETS = {
  direct: async (backEnd) => ({ port: backEnd, headers: json }),
  "Hono + undici": async (backEnd, processes) => ({
    port: await processes.server("bare-proxy", ["bench/support/gateway/bare-proxy.ts", `http://127.0.0.1:${backEnd}`]),
    headers: json,
  }),
  Portkey: async (backEnd, processes) => {
    const port = await freePort();
    const program = "node_modules/@portkey-ai/gateway/build/start-server.js";
    await processes.serverAt(port, "portkey", [program, "--headless", `--port=${port}`], {
      TRUSTED_CUSTOM_HOSTS: "127.0.0.1",
    });
    const host = `http://127.0.0.1:${backEnd}/v1`;
    const headers = { authorization: "Bearer none", "x-portkey-provider": "openai", "x-portkey-custom-host": host };
    return { port, headers: { ...json, ...headers } };
  },
  "Safelight, checks off": safelight("safelight-off", { "no-checks.yaml": NO_CHECKS }),
  "Safelight, default policy": safelight("safelight-on", {}),
} satisfies Readonly<Record<string, Open>>;

export type TargetName = keyof typeof TARGETS;
