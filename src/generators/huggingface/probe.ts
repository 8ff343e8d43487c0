import { Client } from "../../outbound/client.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { readSecret, type Secret } from "../../outbound/secret.ts";
import { askAbout } from "../../outbound/there.ts";

/**
 * Asks the hub, which knows the tokens and the models that the router serves.
 * @param hub where it is
 * @throws SafelightError `provider_rejected` for a token or a model that it does not know
 */
export async function probeHub(hub: string, model: string, token: Secret, signal: AbortSignal): Promise<string> {
  const client = new Client(GENERATOR, { url: hub, headers: { authorization: `Bearer ${readSecret(token)}` } });
  try {
    await client.call({ path: "/api/whoami-v2" }, signal);
    await askAbout(GENERATOR, client, { path: `/api/models/${model}`, what: `model "${model}"` }, signal);
    return `the token is good, and there is a model ${model}`;
  } finally {
    await client.close();
  }
}
