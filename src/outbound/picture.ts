import { Agent, request } from "undici";
import { SafelightError } from "../contract/errors.ts";
import { refused, unreachable } from "./fault.ts";
import type { LongText } from "./long-json.ts";
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

/** Characters that are decoded at a time: no string of megabytes is made. A multiple of four. */
const SLICE = 64 * 1024;

/**
 * As {@link decodeBase64}, of a text that was left in the vendor's answer.
 * @returns with the bytes that text itself, where it is base64 exactly as RFC 4648 has it: then it can be handed on as it is
 */
export function decodeLong(
  role: Role,
  { pieces, length }: LongText,
): { readonly bytes: Uint8Array; readonly base64?: readonly Uint8Array[] } {
  const end = Buffer.concat(pieces.slice(-4).map((piece) => piece.subarray(-4)))
    .toString("latin1")
    .slice(-4);
  const padding = /=?=?$/.exec(end)?.[0].length ?? 0;
  const bytes = Buffer.allocUnsafeSlow(length % 4 === 0 ? (length / 4) * 3 - padding : 0);
  let at = 0;
  for (const slice of slices(pieces)) {
    if (at === bytes.length) break;
    at += bytes.write(slice, at, "base64");
  }
  // Whatever is no digit is left out, and nothing comes after padding.
  if (bytes.length === 0 || at < bytes.length)
    return { bytes: decodeBase64(role, Buffer.concat(pieces).toString("latin1")) };
  const plain = new Uint8Array(bytes.buffer);
  return isExact(pieces, end, bytes) ? { bytes: plain, base64: pieces } : { bytes: plain };
}

/** The text in strings whose lengths, but for the last, are multiples of four. */
function* slices(pieces: readonly Buffer[]): Generator<string> {
  let begun = "";
  for (const piece of pieces) {
    let from = 0;
    if (begun !== "") {
      from = 4 - begun.length;
      begun += piece.toString("latin1", 0, from);
      if (begun.length < 4) continue;
      yield begun;
    }
    const end = piece.length - ((piece.length - from) % 4);
    for (; from < end; from += SLICE) yield piece.toString("latin1", from, Math.min(from + SLICE, end));
    begun = piece.toString("latin1", end);
  }
  if (begun !== "") yield begun;
}

/** Neither URL-safe, nor with bits after the last byte. */
function isExact(pieces: readonly Buffer[], end: string, bytes: Buffer): boolean {
  const last = bytes.toString("base64", Math.floor((bytes.length - 1) / 3) * 3);
  return end === last && pieces.every((piece) => !piece.includes(MINUS) && !piece.includes(UNDERSCORE));
}

const MINUS = 0x2d;
const UNDERSCORE = 0x5f;
