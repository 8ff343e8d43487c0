import { Agent, request } from "undici";
import { SafelightError } from "../contract/errors.ts";
import { refused, unreachable } from "./fault.ts";
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

function matches(pattern: string, { hostname, port }: URL): boolean {
  const [name = "", wanted = ""] = pattern.toLowerCase().split(":");
  if (port !== wanted) return false;
  return name.startsWith("*.") ? hostname.endsWith(name.slice(1)) : hostname === name;
}

function readDataUrl(role: Role, address: string): Uint8Array {
  const data = /^data:[^,]*;base64,(.*)$/s.exec(address)?.[1];
  if (data === undefined) throw new SafelightError(role.failed, "it gives a picture as a data URL that is not base64");
  return decodeBase64(role, data);
}

/** @throws SafelightError when it is no base64 (plain or URL-safe; blanks do not matter) */
export function decodeBase64(role: Role, text: string): Uint8Array {
  const plain = text.replace(/^data:[^,]*;base64,/, "");
  if (plain === "" || !/^[A-Za-z0-9+/_\s-]+={0,2}\s*$/.test(plain))
    throw new SafelightError(role.failed, "it gives a picture that is not base64");
  return new Uint8Array(Buffer.from(plain, "base64"));
}
