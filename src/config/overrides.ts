import { resolve } from "node:path";
import { SafelightError } from "../contract/errors.ts";
import { HostSchema, PortSchema } from "./schema.ts";

const DATABASE_URL = "DATABASE_URL";

/** What the command line says. Undefined: nothing. */
export interface Flags {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: string | undefined;
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: Flags;
  /** Absolute: where relative paths of flags and variables start. */
  readonly cwd: string;
}

interface Override<T> {
  readonly value: T;
  /** `env PORT` or `flag --port` */
  readonly source: string;
}

export interface Overrides {
  readonly host?: Override<string> | undefined;
  readonly port?: Override<number> | undefined;
  /** Absolute. */
  readonly data?: Override<string> | undefined;
  readonly database?: Override<{ readonly from_env: string }> | undefined;
}

/** What the flags and the environment put in place of the file's settings; a variable that is set to nothing is not set. */
export function overridesOf({ env, flags, cwd }: Surroundings): Overrides {
  const given = <T>(flag: "host" | "port" | "data", variable: string, read: (text: string, by: string) => T) => {
    const fromFlag = flags[flag];
    if (fromFlag !== undefined) return { value: read(fromFlag, `--${flag}`), source: `flag --${flag}` };
    const fromEnv = env[variable];
    return fromEnv ? { value: read(fromEnv, variable), source: `env ${variable}` } : undefined;
  };
  return {
    host: given("host", "HOST", (text, by) => {
      const host = HostSchema.safeParse(text);
      return host.success ? host.data : refuse(by, host.error.issues[0]?.message ?? "is not valid", text);
    }),
    port: given("port", "PORT", (text, by) => {
      const port = PortSchema.safeParse(/^\d{1,6}$/.test(text) ? Number(text) : Number.NaN);
      return port.success ? port.data : refuse(by, "must be a whole number from 0 to 65535", text);
    }),
    data: given("data", "SAFELIGHT_DATA", (text, by) =>
      text === "" ? refuse(by, "must name a folder", text) : resolve(cwd, text),
    ),
    database: env[DATABASE_URL] ? { value: { from_env: DATABASE_URL }, source: `env ${DATABASE_URL}` } : undefined,
  };
}

function refuse(by: string, rule: string, found: string): never {
  throw new SafelightError("config_invalid", `${by}: ${rule} (found ${JSON.stringify(found)})`);
}
