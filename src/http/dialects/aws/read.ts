import type { z } from "zod";
import { SafelightError } from "../../../contract/errors.ts";
import { validate } from "../../body.ts";
import { AwsFault } from "./faults.ts";

/**
 * Reads the body of an operation. A member of a wrong type is a `SerializationException`, as in AWS's own parsers; one that is missing or
 * out of its limits is the service's fault for invalid requests. Unknown members are ignored.
 */
export function readBody<S extends z.ZodType>(body: unknown, schema: S): z.output<S> {
  try {
    return validate(body, schema);
  } catch (error) {
    const wrongType = schema
      .safeParse(body)
      .error?.issues.some(({ code, path }) => code === "invalid_type" && valueAt(body, path) !== undefined);
    if (wrongType && error instanceof SafelightError)
      throw new AwsFault("invalid_request", "SerializationException", error.detail);
    throw error;
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}
