import { resolve } from "node:path";
import type { Checks, Service } from "../app/service.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { Arguments, Options } from "./command.ts";
import type { Io } from "./io.ts";

/** The configuration that a command line asks for. */
export async function configFor({ values }: Arguments<Options>, io: Io): Promise<LoadedConfig> {
  const flag = (name: string) => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  const flags = { config: flag("config"), data: flag("data"), host: flag("host"), port: flag("port") };
  const { loadConfig } = await import("../config/load.ts"); // late, so that help and complaints are quick
  return loadConfig({ env: io.env, flags, cwd: io.cwd });
}

/** Where a data set lies, as a person wrote it: a folder, or an address such as `s3://bucket/prefix`. */
export function sourceUri(given: string, cwd: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : resolve(cwd, given);
}

/** Opens the service for as long as `use` takes. */
export async function withService<T>(
  parsed: Arguments<Options>,
  io: Io,
  use: (service: Service, config: Config) => Promise<T>,
): Promise<T> {
  const { config } = await configFor(parsed, io);
  const { openService } = await import("../app/open.ts");
  const onError = (error: unknown) => io.err(`${error instanceof Error ? error.message : String(error)}\n`);
  const service = await openService(config, { onError });
  try {
    return await use(service, config);
  } finally {
    await service.close();
  }
}

/** Opens what checks need for as long as `use` takes. */
export async function withChecks<T>(
  parsed: Arguments<Options>,
  io: Io,
  use: (checks: Checks) => Promise<T>,
): Promise<T> {
  const { config } = await configFor(parsed, io);
  const { openChecks } = await import("../app/open.ts");
  const checks = openChecks(config);
  try {
    return await use(checks);
  } finally {
    await checks.close();
  }
}
