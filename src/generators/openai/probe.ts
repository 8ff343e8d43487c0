import { z } from "zod";
import { SafelightError } from "../../contract/errors.ts";
import { type Client, readJson } from "../../outbound/client.ts";
import { GENERATOR } from "../../outbound/role.ts";
import { askAbout } from "../../outbound/there.ts";
import { OPENAI, type OpenAiOptions } from "./options.ts";

const ModelsSchema = z.object({ data: z.array(z.object({ id: z.string() })) });

/** Whether the model is there. Of compatible servers many only list their models, and some not even that. */
export async function probeModel(
  client: Client,
  { model, url }: Pick<OpenAiOptions, "model" | "url">,
  signal: AbortSignal,
): Promise<string> {
  if (url === OPENAI) {
    const path = `/models/${encodeURIComponent(model)}`;
    await askAbout(GENERATOR, client, { path, what: `model "${model}"` }, signal);
    return `the key is good, and the model ${model} is there`;
  }
  const answer = await client.call({ path: "/models", accepts: [404, 405, 501] }, signal);
  if (answer.status >= 400) return "it answers; it does not tell its models";
  const names = readJson(GENERATOR, answer, ModelsSchema).data.map(({ id }) => id);
  if (names.includes(model)) return `it answers, and the model ${model} is there`;
  const there = names.length === 0 ? "none" : `${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}`;
  throw new SafelightError("provider_rejected", `it has no model "${model}"; it has ${there}`);
}
