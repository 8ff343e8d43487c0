import { createMiddleware } from "hono/factory";
import { SafelightError } from "../contract/errors.ts";
import type { Door, Environment } from "./types.ts";

const LOOPBACK = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Keeps other web sites out of a server that trusts whoever reaches it, because it has no keys. A browser on the same machine reaches
 * it too, on behalf of any page that it shows: under a name of that page's own that leads here (DNS rebinding), or with a request that
 * the page sends across sites.
 * @throws SafelightError `forbidden`
 */
export function sameOrigin({ keys, publicUrl, loopback }: Door) {
  const own = publicUrl === undefined ? undefined : new URL(publicUrl).hostname;
  return createMiddleware<Environment>(async (c, next) => {
    if (!keys.isEmpty) return next();
    const { hostname } = new URL(c.req.url);
    if (loopback && !LOOPBACK.test(hostname) && hostname !== own) {
      const detail = `without keys this server answers only under the names of this machine, not under ${JSON.stringify(hostname.slice(0, 100))}; configure keys, or server.public_url`;
      throw new SafelightError("forbidden", detail);
    }
    const safe = c.req.method === "GET" || c.req.method === "HEAD" || c.req.method === "OPTIONS";
    if (!safe && c.req.header("Sec-Fetch-Site") === "cross-site")
      throw new SafelightError(
        "forbidden",
        "without keys no page of another site may send requests here; configure keys",
      );
    return next();
  });
}
