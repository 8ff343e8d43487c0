import { openService } from "../app/open.ts";
import type { Service } from "../app/service.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { Arguments, Options } from "./command.ts";
import type { Io } from "./io.ts";

/** The configuration that a command line asks for. */
export function configFor({ values }: Arguments<Options>, io: Io) {
  const flag = (name: string) => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  const flags = { config: flag("config"), data: flag("data"), host: flag("host"), port: flag("port") };
  return loadConfig({ env: io.env, flags, cwd: io.cwd });
}

/** Opens the service for as long as `use` takes. */
export async function withService<T>(
  parsed: Arguments<Options>,
  io: Io,
  use: (service: Service, config: Config) => Promise<T>,
): Promise<T> {
  const { config } = configFor(parsed, io);
  const onError = (error: unknown) => io.err(`${error instanceof Error ? error.message : String(error)}\n`);
  const service = await openService(config, { onError });
  try {
    return await use(service, config);
  } finally {
    await service.close();
  }
}
