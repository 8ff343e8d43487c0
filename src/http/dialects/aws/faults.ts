import type { Context } from "hono";
import { type ErrorCode, SafelightError } from "../../../contract/errors.ts";
import type { Environment } from "../../types.ts";

/** An error under AWS's own name for it. */
export class AwsFault extends SafelightError {
  /** Such as `InvalidSignatureException`. */
  readonly type: string;
  readonly answerStatus: number | undefined;
  /** Further members of the body. */
  readonly members: object;

  constructor(
    code: ErrorCode,
    type: string,
    detail: string,
    { status, members = {} }: { status?: number; members?: object } = {},
  ) {
    super(code, detail);
    this.type = type;
    this.answerStatus = status;
    this.members = members;
  }
}

type Service = "rekognition" | "comprehend" | "sagemaker" | "unknown";

type Faults = Readonly<Partial<Record<ErrorCode, readonly [type: string, status?: number]>>>;

/** A status is written where it is not 400, which AWS's JSON protocol answers for whatever is the caller's. */
const FAULTS: Readonly<Record<Service, Faults & { readonly internal: readonly [string, number] }>> = {
  rekognition: {
    invalid_request: ["InvalidParameterException"],
    body_too_large: ["ImageTooLargeException"],
    image_too_large: ["ImageTooLargeException"],
    image_unreadable: ["InvalidImageFormatException"],
    overloaded: ["ProvisionedThroughputExceededException"],
    internal: ["InternalServerError", 500],
  },
  comprehend: {
    invalid_request: ["InvalidRequestException"],
    body_too_large: ["TextSizeLimitExceededException"],
    overloaded: ["ThrottlingException"],
    internal: ["InternalServerException", 500],
  },
  sagemaker: {
    invalid_request: ["ValidationError"],
    body_too_large: ["ValidationError"],
    overloaded: ["ThrottlingException"],
    storage_failed: ["ServiceUnavailable", 503],
    storage_full: ["ServiceUnavailable", 503],
    internal: ["InternalFailure", 500],
  },
  unknown: { invalid_request: ["ValidationException"], internal: ["InternalFailure", 500] },
};

const EVERYWHERE: Faults = {
  not_found: ["UnknownOperationException"],
  method_not_allowed: ["UnknownOperationException"],
};

/** An error as clients of AWS read it: the JSON 1.1 protocol looks into `__type`, REST-JSON into the header. */
export function answerError(c: Context<Environment>, error: SafelightError): Response {
  const service = serviceOf(c);
  const { type, status, detail } = faultOf(c, service, error);
  c.header("x-amzn-RequestId", c.get("requestId"));
  c.header("x-amzn-ErrorType", type);
  const body = { __type: type, Message: detail, ...(error instanceof AwsFault ? error.members : {}) };
  // whatever status it is, it has a body
  return c.body(JSON.stringify(body), status as 400, { "Content-Type": contentType(service) });
}

function faultOf(c: Context<Environment>, service: Service, error: SafelightError) {
  const { detail } = error;
  if (error instanceof AwsFault) {
    const refusal = error.code === "unauthorized" && service === "sagemaker" ? 403 : 400;
    return { type: error.type, status: error.answerStatus ?? refusal, detail };
  }
  if (error.code === "unauthorized") {
    const missing = c.req.header("Authorization") === undefined;
    return {
      type: missing ? "MissingAuthenticationTokenException" : "UnrecognizedClientException",
      status: 403,
      detail,
    };
  }
  const [type, status = 400] = FAULTS[service][error.code] ?? EVERYWHERE[error.code] ?? FAULTS[service].internal;
  return { type, status, detail };
}

function contentType(service: Service): string {
  return service === "sagemaker" ? "application/json" : "application/x-amz-json-1.1";
}

function serviceOf({ req }: Context<Environment>): Service {
  if (/^\/aws\/{1,2}endpoints\//.test(req.path)) return "sagemaker";
  const target = req.header("X-Amz-Target") ?? "";
  if (target.startsWith("RekognitionService.")) return "rekognition";
  return target.startsWith("Comprehend_20171127.") ? "comprehend" : "unknown";
}
