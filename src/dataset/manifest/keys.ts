import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { SafelightError } from "../../contract/errors.ts";
import type { ManifestSignature } from "../../contract/manifest.ts";

const KEY_BYTES = 32;

/**
 * The private key that manifests are signed with: a PEM file (PKCS #8) that only its owner may read. Made where there is none.
 * @throws SafelightError `config_invalid` when the file holds no Ed25519 key; `storage_failed`
 */
export async function signingKey(path: string): Promise<KeyObject> {
  const there = await readFile(path, "utf8").catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new SafelightError("config_invalid", `the signing key ${path} cannot be read (${codeOf(error)})`);
  });
  if (there !== undefined) return asEd25519(there, path);
  const { privateKey } = generateKeyPairSync("ed25519");
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(privateKey.export({ type: "pkcs8", format: "pem" }));
      await file.sync();
    } finally {
      await file.close();
    }
    return privateKey;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return asEd25519(await readFile(path, "utf8"), path); // another process was first
    throw new SafelightError("storage_failed", `the signing key ${path} cannot be written (${codeOf(error)})`);
  }
}

/** 32 bytes, base64: what stands in a manifest, and what one who verifies it pins. */
export function publicKeyOf(key: KeyObject): string {
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return Buffer.from(x, "base64url").toString("base64");
}

export function signBytes(bytes: Uint8Array, key: KeyObject): ManifestSignature {
  const value = sign(null, bytes, key).toString("base64");
  return { algorithm: "Ed25519", public_key: publicKeyOf(key), value };
}

export function isSignedBy({ public_key, value }: ManifestSignature, bytes: Uint8Array): boolean {
  const raw = Buffer.from(public_key, "base64");
  if (raw.length !== KEY_BYTES) return false;
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") }, format: "jwk" });
  return verify(null, bytes, key, Buffer.from(value, "base64"));
}

function asEd25519(pem: string, path: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // told below: what is wrong with a key is not for messages
  }
  throw new SafelightError("config_invalid", `${path} holds no Ed25519 private key in PEM (PKCS #8)`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
