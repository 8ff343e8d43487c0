import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { SafelightError } from "../contract/errors.ts";
import { claimant, isSigned, verifySignature } from "./dialects/aws/signature.ts";
import type { Key, Keys } from "./keys.ts";
import type { Environment } from "./types.ts";

/** What anybody may read: whether the server lives, what it offers, and the console's own files. */
const OPEN: readonly RegExp[] = [
  /^\/(?:healthz|readyz|openapi\.json)$/,
  /^\/docs(?:\/[a-z.-]+)?$/,
  /^\/(?:scans|(?:generations|scans)\/[^/]+)?$/,
  /^\/assets\/./,
  /^\/[a-z0-9-]+\.(?:svg|png|ico|webmanifest|txt)$/,
];

/**
 * Lets nobody past without a key, where there are keys: `Authorization: Bearer <secret>`, `Basic <name or access key id>:<secret>`,
 * `api-key` or `x-api-key`, or an AWS signature. The key's name goes into the log. Comes before anything of the body is read;
 * what an AWS signature says of the body, {@link verify} checks.
 * @throws SafelightError `unauthorized`
 */
export function authenticate(keys: Keys): MiddlewareHandler<Environment> {
  return guard(keys, (c) => (isSigned(c) ? claimant(c, keys) : keyOf(c, keys)));
}

/** Checks the AWS signature of a request that has one. @throws SafelightError `unauthorized` */
export function verify(keys: Keys): MiddlewareHandler<Environment> {
  const check = guard(keys, (c) => verifySignature(c, keys));
  return createMiddleware<Environment>((c, next) => (isSigned(c) ? check(c, next) : next()));
}

function guard(keys: Keys, find: (c: Context<Environment>) => Key | Promise<Key>): MiddlewareHandler<Environment> {
  return createMiddleware<Environment>(async (c, next) => {
    if (keys.isEmpty || isOpen(c)) return next();
    c.header("WWW-Authenticate", 'Bearer realm="safelight"'); // no Basic: a browser would ask in a window of its own
    c.set("key", (await find(c)).name);
    c.header("WWW-Authenticate", undefined);
    return next();
  });
}

function isOpen({ req }: Context<Environment>): boolean {
  return (req.method === "GET" || req.method === "HEAD") && OPEN.some((path) => path.test(req.path));
}

function keyOf(c: Context<Environment>, keys: Keys): Key {
  const given = credentials(c);
  if (given.length === 0)
    throw new SafelightError(
      "unauthorized",
      "this needs a key, for instance in the header Authorization: Bearer <key>",
    );
  for (const { name, secret } of given) {
    const key = name === undefined ? keys.withSecret(secret) : keys.withNameAndSecret(name, secret);
    if (key) return key;
  }
  throw new SafelightError("unauthorized", "there is no such key");
}

interface Credentials {
  /** Undefined: the secret alone says whose it is. */
  readonly name?: string;
  readonly secret: string;
}

/** Whatever a client may have put its key into. */
function credentials({ req }: Context<Environment>): readonly Credentials[] {
  const [, scheme = "", value = ""] = /^(\S+) +(.+)$/.exec(req.header("Authorization")?.trim() ?? "") ?? [];
  const found: Credentials[] = [];
  if (scheme.toLowerCase() === "bearer") found.push({ secret: value });
  if (scheme.toLowerCase() === "basic") {
    const pair = Buffer.from(value, "base64").toString("utf8");
    const colon = pair.indexOf(":");
    if (colon >= 0) found.push({ name: pair.slice(0, colon), secret: pair.slice(colon + 1) });
  }
  for (const name of ["api-key", "x-api-key"]) {
    const secret = req.header(name);
    if (secret) found.push({ secret });
  }
  return found;
}
