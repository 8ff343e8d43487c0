import { z } from "zod";
import { SafelightError } from "../../../contract/errors.ts";
import type { Client } from "../../../outbound/client.ts";
import { DETECTOR } from "../../../outbound/role.ts";
import { faultOf, INVALID_ARGUMENT, PictureFaultSchema, pictureFailed } from "./fault.ts";

/** google.api.ErrorReason: what is wrong with the credentials or their project. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ["API_KEY_INVALID", "it does not know the API key, or the key has expired"],
  ["API_KEY_SERVICE_BLOCKED", "the API key is not for Cloud Vision"],
  ["API_KEY_IP_ADDRESS_BLOCKED", "the API key may not be used from this address"],
  ["API_KEY_HTTP_REFERRER_BLOCKED", "the API key is for web pages only"],
  ["ACCESS_TOKEN_EXPIRED", "the access token has expired"],
  ["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "the access token is not for Cloud Vision"],
  ["SERVICE_DISABLED", "Cloud Vision is not enabled for the project"],
  ["BILLING_DISABLED", "the project has no billing account"],
  ["CONSUMER_INVALID", "there is no such project"],
  ["CONSUMER_SUSPENDED", "the project is suspended"],
  ["USER_PROJECT_DENIED", "the credentials may not be billed to this project"],
]);

const AnswerSchema = z.object({ responses: z.tuple([z.object({ error: PictureFaultSchema })]) });

/**
 * Asks for no feature of no picture, which costs nothing: a unit is a feature of a picture. Whoever may ask is told that both are
 * missing, inside a 200 or with a 400; whoever may not gets a reason.
 * @param path of `images:annotate`
 * @throws SafelightError that says what is wrong
 * @see https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto
 */
export async function probeVision(client: Client, path: string, signal: AbortSignal): Promise<string> {
  try {
    const { responses } = await client.json({ path, body: { requests: [{}] } }, AnswerSchema, signal);
    const [{ error }] = responses;
    if (error.code !== INVALID_ARGUMENT) throw pictureFailed(error);
  } catch (error) {
    const fault = faultOf(error);
    if (!(error instanceof SafelightError) || !fault) throw error;
    if (error.vendor?.status === 400 && /must specify image and features/i.test(fault.message)) return PROVEN;
    const reason = fault.reason ?? (/^API key/i.test(fault.message) ? "API_KEY_INVALID" : "");
    const words = REASONS.get(reason);
    if (words === undefined) throw error;
    const vendor = error.vendor && { ...error.vendor, code: reason };
    throw new SafelightError(DETECTOR.rejected, `${words} (${reason})`, {
      cause: error,
      ...(vendor ? { vendor } : {}),
    });
  }
  return PROVEN;
}

const PROVEN = "Cloud Vision takes the credentials; judging is billed, and was not asked";
