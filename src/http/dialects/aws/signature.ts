import { createHash, createHmac, type Hash, type Hmac, timingSafeEqual } from "node:crypto";
import type { SignatureV4 } from "@smithy/signature-v4";
import type { Context } from "hono";
import type { Key, Keys } from "../../keys.ts";
import type { Environment } from "../../types.ts";
import { AwsFault } from "./faults.ts";

const ALGORITHM = "AWS4-HMAC-SHA256";
const SKEW_MS = 5 * 60_000;
/** A week: as long as a presigned address may hold. */
const LONGEST_S = 7 * 24 * 3_600;

/** Headers that say what is to be done, and under which policy: whoever sees a signed request must not be able to add them. */
const DECISIVE = ["x-amz-target", "x-amzn-sagemaker-target-variant"];

const QUERY = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders"];

/** Whether a request claims to be signed as AWS's clients do, in a header or in its address. */
export function isSigned({ req }: Context): boolean {
  return req.header("Authorization")?.startsWith(ALGORITHM) ?? req.query("X-Amz-Algorithm") === ALGORITHM;
}

/**
 * Checks an AWS Signature Version 4 by signing the request again: method, address, signed headers and the whole body. A body that
 * is not signed (`UNSIGNED-PAYLOAD`) is not accepted, as none of the operations here allows it.
 * @returns the key with the access key id that signed
 * @throws AwsFault under the names that the services have
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function verifySignature(c: Context<Environment>, keys: Keys): Promise<Key> {
  const claim = claimIn(c);
  const key = claimant(c, keys);
  const decisive = DECISIVE.filter((name) => c.req.header(name) !== undefined);
  for (const needed of claim.presigned ? ["host", ...decisive] : ["host", "x-amz-date", ...decisive]) {
    if (!claim.signedHeaders.includes(needed)) throw invalid(`"${needed}" must be a signed header.`);
  }
  const expected = await signedAgain(c, claim, key);
  if (!equal(expected, claim.signature)) throw invalid(MISMATCH);
  return key;
}

/**
 * The key that a request claims to be signed by, at a time that may be: all that can be told before its body was read.
 * @throws AwsFault
 */
export function claimant(c: Context<Environment>, keys: Keys): Key {
  const claim = claimIn(c);
  const key = keys.withAccessKeyId(claim.accessKeyId);
  if (!key) throw refuse("UnrecognizedClientException", "The security token included in the request is invalid.");
  assertInTime(claim);
  return key;
}

function claimIn(c: Context): Claim {
  return c.req.header("Authorization") === undefined ? claimInQuery(c) : claimInHeader(c);
}

const MISMATCH =
  "The request signature we calculated does not match the signature you provided. Check the secret access key and the signing method.";

interface Claim {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  /** Names in lower case. */
  readonly signedHeaders: readonly string[];
  /** 64 hexadecimal digits. */
  readonly signature: string;
  readonly signedAt: Date;
  /** Set for an address that was signed. */
  readonly presigned?: { readonly expiresIn: number };
}

function claimInHeader({ req }: Context): Claim {
  const header = req.header("Authorization") ?? "";
  const part = (name: string) => new RegExp(`\\b${name}=([^,\\s]+)`).exec(header)?.[1];
  return claim(part("Credential"), part("SignedHeaders"), part("Signature"), req.header("X-Amz-Date"));
}

function claimInQuery({ req }: Context): Claim {
  const part = (name: string) => req.query(`X-Amz-${name}`);
  const expiresIn = /^\d{1,6}$/.test(part("Expires") ?? "") ? Number(part("Expires")) : 0;
  if (expiresIn < 1 || expiresIn > LONGEST_S) throw incomplete(`X-Amz-Expires must be 1 to ${LONGEST_S}.`);
  return {
    ...claim(part("Credential"), part("SignedHeaders"), part("Signature"), part("Date")),
    presigned: { expiresIn },
  };
}

function claim(credential = "", headers = "", signature = "", date = ""): Claim {
  const scope = /^([A-Za-z0-9._-]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request$/.exec(credential);
  if (!scope) throw incomplete("The signature needs a Credential: <key id>/<date>/<region>/<service>/aws4_request.");
  if (headers === "") throw incomplete("The signature needs SignedHeaders.");
  if (!/^[0-9a-f]{64}$/.test(signature)) throw incomplete("The signature needs a Signature of 64 hexadecimal digits.");
  const [, accessKeyId = "", day = "", region = "", service = ""] = scope;
  const signedAt = timeOf(date);
  if (!signedAt) throw incomplete("The signature needs an X-Amz-Date such as 20260131T235959Z.");
  if (!date.startsWith(day)) throw invalid("The date in Credential is not that of X-Amz-Date.");
  return { accessKeyId, region, service, signedHeaders: headers.toLowerCase().split(";"), signature, signedAt };
}

/** ISO 8601 without dashes and colons, as AWS has it. */
function timeOf(text: string): Date | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2}T\d{2})(\d{2})(\d{2}Z)$/.exec(text);
  if (!parts) return undefined;
  const [, year, month, dayAndHour, minute, second] = parts;
  const time = new Date(`${year}-${month}-${dayAndHour}:${minute}:${second}`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function assertInTime({ signedAt, presigned }: Claim): void {
  const now = Date.now();
  const age = now - signedAt.getTime();
  const most = presigned ? presigned.expiresIn * 1_000 : SKEW_MS;
  const words = `${basic(signedAt)}; the time here is ${basic(new Date(now))}`;
  if (age > most) throw invalid(`Signature expired: it was made at ${words}.`);
  if (age < -SKEW_MS) throw invalid(`Signature not yet current: it was made at ${words}.`);
}

async function signedAgain({ req }: Context, claim: Claim, key: Key): Promise<string> {
  const { region, service, signedHeaders, signedAt, presigned } = claim;
  const body = new Uint8Array(await req.arrayBuffer());
  const declared = req.header("X-Amz-Content-Sha256");
  if (declared !== undefined && declared !== createHash("sha256").update(body).digest("hex")) throw invalid(MISMATCH);
  const { SignatureV4 } = await import("@smithy/signature-v4"); // loaded by the first who signs: it takes its time
  const signer = new SignatureV4({
    region,
    service,
    credentials: { accessKeyId: key.accessKeyId, secretAccessKey: key.secret },
    sha256: Sha256,
    applyChecksum: false,
  });
  const url = new URL(req.url);
  const hidden = new Set(presigned ? [...QUERY, "X-Amz-Signature"] : []);
  const names = [...new Set(url.searchParams.keys())].filter((name) => !hidden.has(name));
  const request = {
    method: req.method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name)])),
    headers: Object.fromEntries(signedHeaders.map((name) => [name, req.header(name) ?? ""])),
    body,
  };
  const signedNames = new Set(signedHeaders);
  const options = { signingDate: signedAt, signableHeaders: signedNames };
  if (!presigned) {
    const { headers } = await signer.sign(request, options);
    return /Signature=([0-9a-f]+)/.exec(headers["authorization"] ?? "")?.[1] ?? "";
  }
  const again = await signer.presign(request, { ...options, ...presigned, unhoistableHeaders: signedNames });
  return String(again.query?.["X-Amz-Signature"]);
}

/** The hash that the signer asks for, by Node. */
class Sha256 {
  readonly #secret: ConstructorParameters<SignerHash>[0];
  #hash: Hash | Hmac;

  constructor(secret?: ConstructorParameters<SignerHash>[0]) {
    this.#secret = secret;
    this.#hash = this.#begin();
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#begin();
  }

  #begin(): Hash | Hmac {
    const secret = this.#secret;
    if (secret === undefined) return createHash("sha256");
    if (typeof secret === "string") return createHmac("sha256", secret);
    return createHmac(
      "sha256",
      ArrayBuffer.isView(secret)
        ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
        : new Uint8Array(secret),
    );
  }
}
type SignerHash = ConstructorParameters<typeof SignatureV4>[0]["sha256"];

function equal(expected: string, given: string): boolean {
  return expected.length === given.length && timingSafeEqual(Buffer.from(expected), Buffer.from(given));
}

function basic(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, "");
}

function refuse(type: string, detail: string): AwsFault {
  return new AwsFault("unauthorized", type, detail);
}

function invalid(detail: string): AwsFault {
  return refuse("InvalidSignatureException", detail);
}

function incomplete(detail: string): AwsFault {
  return refuse("IncompleteSignatureException", detail);
}
