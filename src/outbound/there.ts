import { SafelightError } from "../contract/errors.ts";
import type { Answer, Client } from "./client.ts";
import type { Role } from "./role.ts";

/**
 * Asks a vendor about something that it must have, such as a model.
 * @param what as a person would name it
 * @throws SafelightError `…_rejected` with status 404 when the vendor does not have it; the others as they are
 */
export async function askAbout(
  role: Role,
  client: Client,
  { path, what }: { readonly path: string; readonly what: string },
  signal: AbortSignal,
): Promise<Answer> {
  const answer = await client.call({ path, accepts: [404] }, signal);
  if (answer.status !== 404) return answer;
  const vendor = { status: 404, code: null, request_id: null, retry_after_ms: null };
  throw new SafelightError(role.rejected, `it has no ${what}, or these credentials may not use it`, { vendor });
}
