import { SafelightError } from "../../contract/errors.ts";
import type { Prediction } from "./client.ts";

/** What a prediction came to: the address of its one picture, or the name of the filter that refused it. */
export type Outcome = { readonly picture: string } | { readonly withheld: string };

/**
 * How models say that a filter refused a prompt or a picture. There is no field for it, only the text of the error.
 * @see https://github.com/replicate/cog-stable-diffusion/pull/24 "NSFW content detected. Try running it again, or try a different prompt."
 */
const FILTERS: readonly { readonly says: RegExp; readonly reason: string }[] = [
  { says: /\bNSFW\b/i, reason: "nsfw" },
  { says: /\(E005\)|\bflagged as sensitive\b/i, reason: "E005" },
];

/** @throws SafelightError `provider_failed` for a prediction that failed, or gave no picture or several */
export function outcomeOf({ id, status, output, error }: Prediction): Outcome {
  const failed = (detail: string, code: string) =>
    new SafelightError("provider_failed", detail, {
      vendor: { status: null, code, request_id: id, retry_after_ms: null },
    });
  switch (status) {
    case "succeeded":
      return { picture: onlyAddress(output) };
    case "failed": {
      const text = typeof error === "string" ? error : "";
      const filter = FILTERS.find(({ says }) => says.test(text));
      if (filter) return { withheld: filter.reason };
      const code = /\((E\d{3,4})\)/.exec(text)?.[1];
      throw failed(`its prediction failed${code ? ` (${code})` : ""}`, code ?? status);
    }
    case "canceled":
    case "aborted":
      throw failed(`its prediction was ${status}`, status);
    case "starting":
    case "processing":
      throw failed("its prediction has not ended", status);
    default:
      return status satisfies never;
  }
}

/** Most models give a list of addresses, some one address alone. */
function onlyAddress(output: unknown): string {
  const given = Array.isArray(output) ? output : output == null ? [] : [output];
  if (given.length !== 1)
    throw new SafelightError("provider_failed", `it was asked for 1 picture and gave ${given.length}`);
  const [address] = given;
  if (typeof address !== "string")
    throw new SafelightError(
      "provider_failed",
      "its output has another shape than expected: neither an address nor a list",
    );
  return address;
}
