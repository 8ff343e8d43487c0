import { z } from "zod";
import type { Category } from "../../../contract/categories.ts";
import { readJson } from "../../../outbound/client.ts";
import { DETECTOR } from "../../../outbound/role.ts";
import type { Format, Subject } from "./format.ts";
import type { HttpOptions } from "./options.ts";

const PATH = "/beta/litellm_basic_guardrail_api";

/** What is needed of an answer. Whatever action is not among these says nothing that could be relied on. */
const AnswerSchema = z.object({ action: z.enum(["NONE", "BLOCKED", "GUARDRAIL_INTERVENED"]) });

/**
 * LiteLLM's generic guardrail API. It blocks, changes, or lets pass, and does not say for which harm: a text or a picture that
 * would not have passed as it is counts for every category that the configuration names.
 * @see https://docs.litellm.ai/docs/adding_provider/generic_guardrail_api
 */
export class LiteLlm implements Format {
  readonly path: string;
  readonly keyHeader = "x-api-key";
  readonly #categories: readonly Category[];

  constructor({ url, categories }: HttpOptions) {
    const { pathname, search } = new URL(url);
    const base = pathname.replace(/\/+$/, "");
    this.path = `${base.endsWith(PATH) ? base : `${base}${PATH}`}${search}`;
    this.#categories = categories;
  }

  request(subject: Subject): object {
    const isText = subject.kind === "text";
    return {
      input_type: isText ? "request" : "response", // a prompt on its way to the model, or what the model made of it
      texts: isText ? [subject.text] : [],
      ...(isText ? {} : { images: [Buffer.from(subject.bytes).toString("base64")] }),
      request_data: {},
      additional_provider_specific_params: {},
    };
  }

  read(answer: { readonly bytes: Uint8Array }): ReturnType<Format["read"]> {
    const { action } = readJson(DETECTOR, answer, AnswerSchema);
    if (action === "NONE") return { findings: [] };
    return { findings: this.#categories.map((category) => ({ category, score: 1, label: action })) };
  }
}
