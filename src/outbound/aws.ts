import { z } from "zod";
import { SafelightError } from "../contract/errors.ts";
import type { AwsOptions } from "./aws-options.ts";
import { refused, unreachable } from "./fault.ts";
import { type Persistence, type Resilience, resilience } from "./resilience.ts";
import type { Role } from "./role.ts";
import { readSecret } from "./secret.ts";

const CONNECT_MS = 5_000;
const CONNECTIONS = 128;

const silent = () => {};
/** Without one, the SDK writes its advice to the console. */
const NO_LOG = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/**
 * What every client of the SDK is made with. The SDK makes one try and logs nothing: tries and the breaker are
 * {@link AwsCaller}'s.
 * @param idleMs milliseconds without a byte, of the question or the answer, after which a call is given up
 * @throws SafelightError `config_invalid` when a variable that `credentials` names is not set
 */
export async function awsClientConfig({ region, endpoint, profile, credentials }: AwsOptions, idleMs: number) {
  const { NodeHttpHandler } = await import("@smithy/node-http-handler"); // not before it is needed: options are read at every start
  return {
    maxAttempts: 1,
    logger: NO_LOG,
    // HTTP/1.1 for all: some clients would speak HTTP/2, which private endpoints and proxies often do not.
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECT_MS,
      socketTimeout: idleMs,
      httpAgent: { maxSockets: CONNECTIONS },
      httpsAgent: { maxSockets: CONNECTIONS },
    }),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(credentials === undefined
      ? {}
      : {
          credentials: {
            accessKeyId: readSecret(credentials.access_key_id),
            secretAccessKey: readSecret(credentials.secret_access_key),
            ...(credentials.session_token === undefined ? {} : { sessionToken: readSecret(credentials.session_token) }),
          },
        }),
  };
}

/** @throws SafelightError `config_invalid` when neither the options nor the surroundings name a region */
export async function assertRegion(client: { readonly config: { region(): Promise<string> } }): Promise<void> {
  try {
    await client.config.region();
  } catch (cause) {
    throw new SafelightError(
      "config_invalid",
      "no AWS region is known: set region, or the environment variable AWS_REGION, or the region of the profile",
      { cause },
    );
  }
}

/** Runs calls of the SDK: again where a fault may pass, with failures as {@link SafelightError}s of the role. */
export class AwsCaller {
  readonly #role: Role;
  readonly #resilience: Resilience;
  readonly #closed = new AbortController();

  constructor(role: Role, persistence: Persistence = {}) {
    this.#role = role;
    this.#resilience = resilience(role, persistence);
  }

  /**
   * @param send for instance `(options) => client.send(command, options)`; it may read the answer's body as well
   * @throws SafelightError with `vendor` where AWS answered; the signal's reason
   */
  call<T>(send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>, caller: AbortSignal): Promise<T> {
    const signal = this.untilClosed(caller);
    return this.#resilience.run(async () => {
      try {
        return await send({ abortSignal: signal });
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof SafelightError ? error : awsFailure(this.#role, error);
      }
    }, signal);
  }

  /** The signal, or the end of this caller. */
  untilClosed(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#closed.signal]);
  }

  /** Ends what is under way. */
  close(): void {
    this.#closed.abort(new SafelightError(this.#role.failed, "it was closed meanwhile"));
  }
}

/** Statuses that say more than the 400 that AWS's JSON protocol answers for nearly everything. */
const STATUS_OF: readonly (readonly [RegExp, number])[] = [
  [/Throttl|TooManyRequests|RequestLimitExceeded|ProvisionedThroughputExceeded|SlowDown|BandwidthLimit/, 429],
  [
    /AccessDenied|UnrecognizedClient|InvalidSignature|IncompleteSignature|SignatureDoesNotMatch|InvalidAccessKeyId/,
    403,
  ],
  [/ExpiredToken|InvalidClientTokenId|MissingAuthenticationToken|NotAuthorized|OptInRequired/, 403],
];

/** What the SDK keeps of an answer on the errors that it throws. */
const ThrownSchema = z.object({
  name: z.string(),
  $metadata: z.object({ httpStatusCode: z.number().optional(), requestId: z.string().optional() }).optional(),
  $response: z
    .object({ statusCode: z.number().optional(), headers: z.record(z.string(), z.unknown()).optional() })
    .optional(),
});

/**
 * An error of the SDK as one of ours. The status is the one that the name of the fault stands for where AWS answers 400
 * whatever it is; the SDK's message stays behind, because it quotes what was sent.
 */
export function awsFailure(role: Role, error: unknown): SafelightError {
  const thrown = ThrownSchema.safeParse(error).data;
  const status = thrown?.$metadata?.httpStatusCode ?? thrown?.$response?.statusCode;
  if (thrown && status !== undefined && status >= 300) {
    const { retryAfter, requestId } = headersOf(thrown);
    return refused(role, {
      status: statusOf(thrown.name, status),
      headers: { "retry-after": retryAfter, "x-amzn-requestid": thrown.$metadata?.requestId ?? requestId },
      // Where a proxy answered in another language, the SDK's name for that is none of AWS's.
      body: { __type: /^(?:SyntaxError|TypeError|Error|UnknownError|Unknown)$/.test(thrown.name) ? "" : thrown.name },
    });
  }
  if (thrown && wantsSignIn(thrown.name, error))
    return new SafelightError(role.rejected, "the sign-in session of the AWS profile is missing or has expired", {
      cause: error,
    });
  if (thrown?.name === "CredentialsProviderError" || thrown?.name === "TokenProviderError") {
    const detail =
      "no AWS credentials were found: set credentials, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or run it with a role";
    return new SafelightError(role.rejected, detail, { cause: error });
  }
  if (error instanceof SyntaxError) return new SafelightError(role.failed, "its answer is not JSON");
  const late = timedOut(error, status !== undefined);
  if (!late && status !== undefined && !(error instanceof Error && "code" in error))
    return new SafelightError(role.failed, "its answer has another shape than expected");
  return unreachable(role, late ?? error);
}

/** The SDK's providers of credentials say only in words why they have none. */
function wantsSignIn(name: string, error: unknown): boolean {
  return (
    /^(?:Credentials|Token)ProviderError$/.test(name) &&
    error instanceof Error &&
    /expired|\baws (?:sso )?login\b/i.test(error.message)
  );
}

function statusOf(name: string, status: number): number {
  if (status === 400) return STATUS_OF.find(([names]) => names.test(name))?.[1] ?? 400;
  return status > 511 ? 502 : status; // such as SageMaker's 530, an internal dependency that failed
}

function headersOf({ $response }: z.output<typeof ThrownSchema>) {
  const text = (name: string) => {
    const value = $response?.headers?.[name];
    return typeof value === "string" ? value : undefined;
  };
  return { retryAfter: text("retry-after"), requestId: text("x-amzn-requestid") ?? text("x-amz-request-id") };
}

/** The SDK's HTTP handler says only in words which of its timers ran out; these are undici's names for the same. */
function timedOut(error: unknown, begun: boolean): Error | undefined {
  if (!(error instanceof Error) || error.name !== "TimeoutError" || "code" in error) return undefined;
  const unconnected = error.message.includes("did not establish");
  const code = unconnected ? "UND_ERR_CONNECT_TIMEOUT" : begun ? "UND_ERR_BODY_TIMEOUT" : "UND_ERR_HEADERS_TIMEOUT";
  return Object.assign(new Error("timed out", { cause: error }), { code });
}
