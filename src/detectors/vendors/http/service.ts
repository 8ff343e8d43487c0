import type { Meter } from "../../../contract/detector.ts";
import type { Finding } from "../../../contract/report.ts";
import { Client } from "../../../outbound/client.ts";
import { DETECTOR } from "../../../outbound/role.ts";
import { readSecret } from "../../../outbound/secret.ts";
import type { Format, Subject } from "./format.ts";
import { LiteLlm } from "./litellm.ts";
import { Native } from "./native.ts";
import type { HttpOptions } from "./options.ts";

/** Any service that scores texts or pictures over HTTP. */
export class HttpService {
  readonly #client: Client;
  readonly #format: Format;

  /** @throws SafelightError `config_invalid` when the key is not in the environment */
  constructor(options: HttpOptions) {
    this.#format = options.format === "litellm" ? new LiteLlm(options) : new Native(options);
    this.#client = new Client(DETECTOR, { url: new URL(options.url).origin, headers: this.#credentials(options) });
  }

  async inspect(subject: Subject, signal: AbortSignal, meter?: Meter): Promise<readonly Finding[]> {
    const call = { path: this.#format.path, body: this.#format.request(subject) };
    const { findings, units } = this.#format.read(await this.#client.call(call, signal), subject);
    if (units !== undefined) meter?.(units);
    return findings;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #credentials({ api_key, api_key_header }: HttpOptions): Record<string, string> {
    if (!api_key) return {};
    const header = (api_key_header ?? this.#format.keyHeader).toLowerCase();
    const key = readSecret(api_key);
    return { [header]: header === "authorization" ? `Bearer ${key}` : key };
  }
}
