import { z } from "zod";
import { SafelightError } from "../../../contract/errors.ts";
import { Client } from "../../../outbound/client.ts";
import { DETECTOR } from "../../../outbound/role.ts";
import { readSecret } from "../../../outbound/secret.ts";
import type { OpenAiOptions } from "./options.ts";

/** What is needed of an answer. A label can be null: a model that does not know it. */
const ScoresSchema = z.object({
  results: z.array(
    z.object({
      category_scores: z.record(z.string(), z.number().min(0).max(1).nullable()),
      category_applied_input_types: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
    }),
  ),
});

/** A text, or one picture as a `data:` URL. */
export type ModerationInput = string | readonly [{ type: "image_url"; image_url: { url: string } }];

export interface Scores {
  /** 0 to 1, by label. Without those that the vendor says it did not look for: there 0 says nothing. */
  readonly scores: ReadonlyMap<string, number>;
  /** The labels of which the vendor says that it looked for them. */
  readonly lookedFor: ReadonlySet<string>;
}

/**
 * `POST /moderations`. It is free of charge.
 * @see https://platform.openai.com/docs/api-reference/moderations/create
 */
export class Moderations {
  readonly #client: Client;
  readonly #model: string;

  /** @throws SafelightError `config_invalid` when the key is not in the environment */
  constructor({ url, api_key, model, organization, project }: OpenAiOptions) {
    this.#model = model;
    this.#client = new Client(DETECTOR, {
      url,
      headers: {
        ...(api_key === undefined ? {} : { authorization: `Bearer ${readSecret(api_key)}` }),
        ...(organization === undefined ? {} : { "openai-organization": organization }),
        ...(project === undefined ? {} : { "openai-project": project }),
      },
    });
  }

  async score(input: ModerationInput, signal: AbortSignal): Promise<Scores> {
    const call = { path: "/moderations", body: { model: this.#model, input } };
    const { results } = await this.#client.json(call, ScoresSchema, signal);
    const [result, ...more] = results;
    if (!result || more.length > 0)
      throw new SafelightError(DETECTOR.failed, `it was asked for one result and gave ${results.length}`);
    const kind = typeof input === "string" ? "text" : "image";
    const looked = new Map(
      Object.entries(result.category_applied_input_types ?? {}).map(([label, types]) => [label, types?.includes(kind)]),
    );
    const scores = Object.entries(result.category_scores).flatMap(([label, score]) =>
      score === null || (score === 0 && looked.get(label) === false) ? [] : [[label, score] as const],
    );
    return {
      scores: new Map(scores),
      lookedFor: new Set([...looked].flatMap(([label, yes]) => (yes ? [label] : []))),
    };
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
