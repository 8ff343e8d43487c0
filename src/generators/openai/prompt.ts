import { SafelightError } from "../../contract/errors.ts";

const LEAD = "\n\nAvoid: ";

/**
 * The prompt with the negative prompt in words at its end, as the API has no field for it. Of the negative prompt come as
 * many whole terms as there is room for; the prompt itself is never cut.
 * @param most characters
 * @throws SafelightError `provider_rejected` when the prompt alone is longer
 */
export function inWords(prompt: string, negativePrompt: string, most: number): string {
  if (prompt.length > most)
    throw new SafelightError(
      "provider_rejected",
      `the prompt has ${prompt.length} characters, and the model takes at most ${most}`,
    );
  const room = most - prompt.length - LEAD.length;
  const terms = wholeTerms(negativePrompt.trim(), room);
  return terms === "" ? prompt : `${prompt}${LEAD}${terms}`;
}

/** The longest start of a list, separated by commas, that is at most so long. */
function wholeTerms(list: string, most: number): string {
  if (list.length <= most) return list;
  const end = most < 0 ? -1 : list.lastIndexOf(",", most);
  return end < 0 ? "" : list.slice(0, end).trimEnd();
}
