import { createHash, timingSafeEqual } from "node:crypto";
import type { Config } from "../config/schema.ts";
import { SafelightError } from "../contract/errors.ts";
import { readSecret, type Secret } from "../outbound/secret.ts";

export interface Key {
  readonly name: string;
  /** What AWS clients sign with. */
  readonly accessKeyId: string;
  readonly secret: string;
}

/** Who may ask. Secrets are compared in a time that does not depend on how much of them is right. */
export class Keys {
  readonly #keys: readonly (Key & { readonly digest: Uint8Array })[];

  /** @throws SafelightError `config_invalid` when a secret is not there, or two keys have the same */
  constructor(configured: Config["keys"]) {
    this.#keys = Object.entries(configured).map(([name, { access_key_id, secret: named }]) => {
      const secret = secretOf(name, named);
      return { name, accessKeyId: access_key_id ?? name, secret, digest: digest(secret) };
    });
    for (const [i, one] of this.#keys.entries()) {
      const same = this.#keys.slice(0, i).find(({ digest }) => timingSafeEqual(digest, one.digest));
      if (!same) continue;
      throw new SafelightError("config_invalid", `keys.${one.name}.secret: is the same as that of keys.${same.name}`);
    }
  }

  /** Whether there is none: then everybody may ask. */
  get isEmpty(): boolean {
    return this.#keys.length === 0;
  }

  /** The key with this secret. */
  withSecret(secret: string): Key | undefined {
    const given = digest(secret);
    return this.#keys.filter((key) => timingSafeEqual(key.digest, given))[0];
  }

  /** The key with this name or access key id, and this secret. */
  withNameAndSecret(name: string, secret: string): Key | undefined {
    const key = this.withSecret(secret);
    return key?.name === name || key?.accessKeyId === name ? key : undefined;
  }

  withAccessKeyId(id: string): Key | undefined {
    return this.#keys.find(({ accessKeyId }) => accessKeyId === id);
  }
}

function secretOf(name: string, secret: Secret): string {
  try {
    return readSecret(secret);
  } catch (error) {
    if (!(error instanceof SafelightError)) throw error;
    throw new SafelightError("config_invalid", `keys.${name}.secret: ${error.detail}`, { cause: error });
  }
}

function digest(secret: string): Uint8Array {
  return createHash("sha256").update(secret).digest();
}
