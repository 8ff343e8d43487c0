import { z } from "zod";
import { SafelightError } from "../contract/errors.ts";

/** A secret is named in the configuration, never written there. */
export const SecretSchema = z.strictObject({
  from_env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: "must be the name of an environment variable" })
    .meta({ description: "The name of the environment variable that holds the secret." }),
});
export type Secret = z.output<typeof SecretSchema>;

/** @throws SafelightError `config_invalid` when the variable is not set, or could not be sent in a header */
export function readSecret({ from_env }: Secret): string {
  const value = process.env[from_env]?.trim();
  if (!value) throw new SafelightError("config_invalid", `the environment variable ${from_env} is not set`);
  if (/[^\u0021-\u00ff ]/.test(value))
    throw new SafelightError("config_invalid", `the environment variable ${from_env} holds characters that no key has`);
  return value;
}
