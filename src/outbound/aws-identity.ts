import { z } from "zod";
import { SafelightError } from "../contract/errors.ts";
import { AwsCaller, awsClientConfig, awsFailure } from "./aws.ts";
import type { Role } from "./role.ts";

const IDLE_MS = 10_000;
/** AWS takes requests that are signed up to five minutes before or after its own time. */
const MOST_SKEW_MS = 5 * 60_000;

/** As the SDK's providers of credentials give them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const STS = "AWS STS, which knows whose the credentials are";
const AccountSchema = z.string().regex(/^\d{12}$/);

/**
 * Asks AWS whose credentials these are: STS GetCallerIdentity, which is free, and needs no permission.
 * @returns the id of the account
 * @throws SafelightError that says in words what is wrong with them; without `vendor` where STS gave no answer
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export async function accountOf(
  role: Role,
  { region, credentials }: { readonly region: string; readonly credentials: AwsCredentials },
  signal: AbortSignal,
): Promise<string> {
  const { GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  const sts = new STSClient({ ...(await awsClientConfig({ region }, IDLE_MS)), credentials });
  const caller = new AwsCaller(role);
  try {
    const { Account } = await caller.call(async (options) => {
      try {
        return await sts.send(new GetCallerIdentityCommand({}), options);
      } catch (error) {
        throw inWords(role, error, region);
      }
    }, signal);
    const account = AccountSchema.safeParse(Account);
    if (account.success) return account.data;
    throw new SafelightError(role.failed, "its answer has another shape than expected");
  } catch (error) {
    if (!(error instanceof SafelightError) || error.vendor) throw error;
    throw new SafelightError(error.code, `${STS}: ${error.detail}`, { cause: error });
  } finally {
    caller.close();
    sts.destroy();
  }
}

/** By the names that STS, and the services that speak JSON, have for a fault. */
const MEANINGS: readonly (readonly [RegExp, (region: string) => string])[] = [
  [
    /^(?:InvalidClientTokenId|UnrecognizedClient)/,
    (region) =>
      `it does not know the access key or its session token, or the account has not enabled the region ${region}`,
  ],
  [
    /^(?:SignatureDoesNotMatch|InvalidSignature)/,
    () => "the secret access key is not the one that belongs to the access key",
  ],
  [/^ExpiredToken/, () => "the session token has expired"],
  [/^(?:RequestExpired|RequestTimeTooSkewed|RequestInTheFuture)/, () => "the clock of this machine is wrong"],
  [/^(?:RegionDisabled|OptInRequired)/, (region) => `the account has not enabled the region ${region}`],
  [/^(?:IncompleteSignature|MissingAuthenticationToken)/, () => "the access key is not written as AWS writes them"],
];

/** What a wrong clock can be the reason of. */
const OF_TIME = /^(?:Signature|InvalidSignature|Request)/;

/** A refusal with its meaning; where there was no answer, the failure itself, which knows whether it may pass. */
function inWords(role: Role, error: unknown, region: string): SafelightError {
  const failure = awsFailure(role, error);
  const { code, detail, vendor } = failure;
  if (!vendor) return failure;
  const name = vendor.code ?? "";
  const meaning = MEANINGS.find(([names]) => names.test(name))?.[1](region);
  if (meaning === undefined) return new SafelightError(code, `${STS}: ${detail}`, { vendor });
  const because = OF_TIME.test(name) ? (clockFault(error) ?? meaning) : meaning;
  return new SafelightError(code, `AWS refuses the credentials (${name}): ${because}`, { vendor });
}

const DatedSchema = z.object({ $response: z.object({ headers: z.object({ date: z.string() }) }) });

/** A signature is also wrong when it was made at another time than AWS's, which every answer tells. */
function clockFault(error: unknown): string | undefined {
  const dated = DatedSchema.safeParse(error).data;
  const skew = dated ? Date.now() - Date.parse(dated.$response.headers.date) : Number.NaN;
  if (!(Math.abs(skew) >= MOST_SKEW_MS)) return undefined;
  const minutes = Math.round(Math.abs(skew) / 60_000);
  return `the clock of this machine is ${minutes} minutes ${skew < 0 ? "behind" : "ahead"}`;
}
