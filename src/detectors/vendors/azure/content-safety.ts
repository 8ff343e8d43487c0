import { z } from "zod";
import type { Meter } from "../../../contract/detector.ts";
import { SafelightError } from "../../../contract/errors.ts";
import { Client, readJson } from "../../../outbound/client.ts";
import { DETECTOR } from "../../../outbound/role.ts";
import { readSecret } from "../../../outbound/secret.ts";
import { AZURE_LABELS } from "./labels.ts";
import type { AzureOptions } from "./options.ts";

/** What is needed of an answer. Texts have eight severities, pictures only the even ones. */
const AnalysisSchema = z.object({
  categoriesAnalysis: z.array(z.object({ category: z.string(), severity: z.int().min(0).max(7) })),
  blocklistsMatch: z.array(z.object({ blocklistName: z.string(), blocklistItemText: z.string() })).nullish(),
});
const BlocklistsSchema = z.object({
  value: z.array(z.object({ blocklistName: z.string() })),
  nextLink: z.string().nullish(),
});
export type Analysis = z.output<typeof AnalysisSchema>;

const CATEGORIES = Object.keys(AZURE_LABELS);

/**
 * `POST /contentsafety/text:analyze` and `image:analyze`.
 * @see https://learn.microsoft.com/rest/api/contentsafety
 */
export class ContentSafety {
  readonly #client: Client;
  readonly #query: string;
  readonly #blocklists: readonly string[];

  /** @throws SafelightError `config_invalid` when the key is not in the environment */
  constructor({ endpoint, api_key, api_version, blocklists }: AzureOptions) {
    this.#query = `?api-version=${api_version}`;
    this.#blocklists = Object.keys(blocklists);
    this.#client = new Client(DETECTOR, {
      url: `${endpoint.replace(/\/+$/, "")}/contentsafety`,
      headers: { "ocp-apim-subscription-key": readSecret(api_key) },
    });
  }

  /** Both the model and the blocklists look, whatever either finds. Billed by thousands of characters begun. */
  text(text: string, signal: AbortSignal, meter?: Meter): Promise<Analysis> {
    const lists = this.#blocklists.length > 0 ? { blocklistNames: this.#blocklists, haltOnBlocklistHit: false } : {};
    const body = { text, categories: CATEGORIES, ...lists, outputType: "EightSeverityLevels" };
    return this.#analyze("/text:analyze", body, signal, () => meter?.(Math.ceil([...text].length / 1_000)));
  }

  image(bytes: Uint8Array, signal: AbortSignal, meter?: Meter): Promise<Analysis> {
    const image = { content: Buffer.from(bytes).toString("base64") };
    const body = { image, categories: CATEGORIES, outputType: "FourSeverityLevels" };
    return this.#analyze("/image:analyze", body, signal, () => meter?.(1));
  }

  /** Lists the resource's blocklists, which is free. @throws SafelightError when one that is named is not there */
  async probe(signal: AbortSignal): Promise<string> {
    const lists = await this.#client.json({ path: `/text/blocklists${this.#query}` }, BlocklistsSchema, signal);
    const there = lists.value.map(({ blocklistName }) => blocklistName);
    // A list with more pages may hold the others.
    const missing = lists.nextLink == null ? this.#blocklists.filter((name) => !there.includes(name)) : [];
    if (missing.length > 0)
      throw new SafelightError(
        DETECTOR.rejected,
        `the resource has no blocklist ${missing.map((name) => `"${name}"`).join(", ")}`,
      );
    return "the key is good for the resource; judging is billed, and was not asked";
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #analyze(path: string, body: object, signal: AbortSignal, billed: () => void): Promise<Analysis> {
    const answer = await this.#client.call({ path: `${path}${this.#query}`, body }, signal);
    billed();
    return readJson(DETECTOR, answer, AnalysisSchema);
  }
}

/** Scores by label. `most` is the highest severity there is. */
export function scoresOf({ categoriesAnalysis }: Analysis, most: number): ReadonlyMap<string, number> {
  return new Map(categoriesAnalysis.map(({ category, severity }) => [category, Math.min(1, severity / most)]));
}
