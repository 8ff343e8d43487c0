import { Agent, request } from "undici";
import { SafelightError } from "../contract/errors.ts";
import { refused, unreachable } from "./fault.ts";
import { resilience } from "./resilience.ts";
import type { Role } from "./role.ts";

const MOST_BYTES = 64 * 1024 * 1024;

/** From where pictures may be fetched. */
export interface Trust {
  /** Host names, `cdn.example.com` or `*.example.com`, each perhaps with `:port`. Only these, and only over https. */
  readonly hosts: readonly string[];
  /** Origins that may also be http: those that the configuration itself names, such as a server on this machine. */
  readonly origins?: readonly string[];
}

/**
 * Fetches a picture that a vendor names by its address. A `data:` URL is read on the spot. No redirect is followed: it could lead anywhere.
 * Where a fault may pass it is tried again.
 * @throws SafelightError for an address that is not trusted, or when it cannot be had
 */
export async function fetchPicture(
  role: Role,
  address: string,
  trust: Trust,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (address.startsWith("data:")) return readDataUrl(role, address);
  const url = trusted(role, address, trust);
  return resilience(role).run(() => download(role, url, signal), signal);
}

async function download(role: Role, url: URL, signal: AbortSignal): Promise<Uint8Array> {
  const dispatcher = new Agent({ connect: { timeout: 5_000 }, maxResponseSize: MOST_BYTES, pipelining: 0 });
  try {
    const { statusCode, headers, body } = await request(url, { dispatcher, signal });
    if (statusCode >= 300) {
      await body.dump();
      throw refused(role, { status: statusCode, headers: headers as Record<string, string>, body: undefined });
    }
    return await body.bytes();
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof SafelightError ? error : unreachable(role, error);
  } finally {
    void dispatcher.destroy();
  }
}

function trusted(role: Role, address: string, { hosts, origins = [] }: Trust): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.username !== "" || url.password !== "")
    throw new SafelightError(role.failed, "the address it gives for a picture is no plain URL");
  if (origins.some((origin) => new URL(origin).origin === url.origin)) return url;
  if (url.protocol !== "https:" || !hosts.some((host) => matches(host, url)))
    throw new SafelightError(
      role.failed,
      `it gives a picture at ${url.protocol}//${url.host}, which trusted_hosts does not name`,
    );
  return url;
}

/** A pattern without a port means the port of https. */
function matches(pattern: string, { hostname, port }: URL): boolean {
  const [, name = "", wanted = "443"] = /^(.*?)(?::(\d+))?$/.exec(pattern.toLowerCase()) ?? [];
  if ((port || "443") !== wanted) return false;
  return name.startsWith("*.") ? hostname.endsWith(name.slice(1)) : hostname === name;
}

function readDataUrl(role: Role, address: string): Uint8Array {
  const comma = address.indexOf(",");
  if (comma < 0 || !address.slice(0, comma).endsWith(";base64"))
    throw new SafelightError(role.failed, "it gives a picture as a data URL that is not base64");
  return decodeBase64(role, address.slice(comma + 1));
}

/** @throws SafelightError when it is no base64 (plain or URL-safe; blanks do not matter), or holds nothing */
export function decodeBase64(role: Role, text: string): Uint8Array {
  const plain = text.replace(/^data:[^,]{0,200};base64,/, "");
  const digits = plain.trimEnd().replace(/={1,2}$/, "");
  const bytes = Buffer.from(digits, "base64");
  // In ASCII, whatever is no digit is left out: only where something is missing, the text is looked at, which takes ten times as long.
  const { length } = digits;
  const whole =
    length % 4 !== 1 && bytes.length === Math.floor((length * 3) / 4) && Buffer.byteLength(digits) === length;
  if (bytes.length === 0 || (!whole && /[^A-Za-z0-9+/_\s-]/.test(digits)))
    throw new SafelightError(role.failed, "it gives a picture that is not base64");
  return new Uint8Array(bytes);
}
