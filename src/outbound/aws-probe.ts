import { createHash } from "node:crypto";
import { SafelightError } from "../contract/errors.ts";
import type { ProbeRun } from "../contract/probe.ts";
import { awsFailure } from "./aws.ts";
import { type AwsCredentials, accountOf } from "./aws-identity.ts";
import { Client } from "./client.ts";
import { GENERATOR, type Role } from "./role.ts";

interface AwsEndpoint {
  /** With the colon. */
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
}

/** What the clients of the SDK have in common. */
interface AwsClient {
  readonly config: {
    region(): Promise<string>;
    credentials(): Promise<AwsCredentials>;
    /** The option `endpoint`. */
    readonly endpoint?: (() => Promise<AwsEndpoint>) | undefined;
    /** What AWS_ENDPOINT_URL and the like, or the profile, name instead. */
    readonly serviceConfiguredEndpoint?: (() => Promise<string | undefined>) | undefined;
  };
}

/**
 * Whether AWS takes the credentials of a client of the SDK, in its region. The service itself is not asked: every call there is billed,
 * or needs a permission of its own. Of an endpoint in place of the region's own only the address is tried: STS may not know what it knows.
 * @throws SafelightError that says what is wrong
 */
export async function probeAws(
  role: Role,
  { config }: AwsClient,
  { signal, run }: { readonly signal: AbortSignal; readonly run: ProbeRun },
): Promise<string> {
  const region = await config.region();
  const credentials = await config.credentials().catch((error: unknown) => {
    throw awsFailure(role, error);
  });
  const endpoint = await endpointOf(config);
  if (endpoint !== undefined) {
    await reach(role, endpoint, signal);
    return `something answers at its endpoint, and credentials are there, for the region ${region}; whether it takes them is not asked`;
  }
  try {
    const account = await run.once(keyOf(region, credentials), (either) =>
      accountOf(GENERATOR, { region, credentials }, either),
    );
    return `AWS takes the credentials, those of account ${account}, in ${region}; whether they may do this is not asked`;
  } catch (error) {
    if (!(error instanceof SafelightError)) throw error;
    // A network may have a way to the service, and none to STS.
    if (run.deep && error.code === GENERATOR.failed) return `credentials are there, for the region ${region}`;
    throw asOf(role, error);
  }
}

/** A failure that was found on behalf of several parts, as one of this one's. */
function asOf(role: Role, failure: SafelightError): SafelightError {
  const { code, detail, vendor } = failure;
  const own = code === GENERATOR.rejected ? role.rejected : role.failed;
  return new SafelightError(own, detail, { cause: failure, ...(vendor ? { vendor } : {}) });
}

async function endpointOf(config: AwsClient["config"]): Promise<string | undefined> {
  if (config.endpoint === undefined) return config.serviceConfiguredEndpoint?.();
  const { protocol, hostname, port, path } = await config.endpoint();
  return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`;
}

/** @throws SafelightError when nothing answers there: not a signed request, so any answer will do */
async function reach(role: Role, url: string, signal: AbortSignal): Promise<void> {
  const client = new Client(role, { url, tries: 1 });
  try {
    await client.call({ path: "/" }, signal);
  } catch (error) {
    if (!(error instanceof SafelightError) || error.vendor?.status == null) throw error;
  } finally {
    await client.close();
  }
}

/** The secrets themselves need not be kept for it. */
function keyOf(region: string, { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials): string {
  const identity = JSON.stringify([region, accessKeyId, secretAccessKey, sessionToken]);
  return `sts ${createHash("sha256").update(identity).digest("hex")}`;
}
