import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openService } from "../../src/app/open.ts";
import type { Service } from "../../src/app/service.ts";
import { loadConfig } from "../../src/config/load.ts";
import { startServer } from "../../src/http/server.ts";

export interface TestServer {
  readonly url: string;
  readonly service: Service;
  readonly data: string;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

/**
 * The real server with the shipped detectors and the built-in generator, on a free port.
 * @param kept a data folder that outlives it; undefined: it has one of its own
 */
export async function serve(file = "log: {level: silent}\n", kept?: string): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), "safelight-http-"));
  const data = kept ?? join(folder, "data");
  const { writeFile } = await import("node:fs/promises");
  await writeFile(join(folder, "safelight.yaml"), file);
  const { config } = loadConfig({ env: { PORT: "0", SAFELIGHT_DATA: data }, flags: {}, cwd: folder });
  const service = await openService(config);
  const server = await startServer(service, config);
  return {
    url: server.url,
    service,
    data,
    post: (path, body, headers = {}) =>
      fetch(`${server.url}${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    close: async () => {
      await server.close();
      await service.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
