import type { ErrorCode } from "../../../../contract/errors.ts";
import type { GenerationRecord } from "../../../../contract/generation.ts";
import { AwsFault } from "../faults.ts";

/**
 * SageMaker's 424: the container itself answered with an error. Every SDK throws it, so that no client takes a refusal for an answer.
 * @param name what Stability's containers would call it
 * @param members join the body, beside those that SageMaker has
 */
export function modelError(
  code: ErrorCode,
  status: number,
  name: string,
  message: string,
  members: object = {},
): AwsFault {
  const OriginalMessage = JSON.stringify({ name, message });
  const whose = status >= 400 && status < 500 ? "client" : "server";
  return new AwsFault(
    code,
    "ModelError",
    `Received ${whose} error (${status}) from primary with message "${OriginalMessage}".`,
    {
      status: 424,
      members: {
        ErrorCode: `${whose.toUpperCase()}_ERROR_FROM_MODEL`,
        OriginalStatusCode: status,
        OriginalMessage,
        ...members,
      },
    },
  );
}

/** What Stability's containers call it when their filter does not let a prompt through. */
const FILTERED = "invalid_prompts";

/** For a prompt that the policy refuses or holds, or one whose pictures all may not be shown. */
export function refusal(record: GenerationRecord, message: string): AwsFault {
  return modelError("prompt_blocked", 400, FILTERED, message, { safelight: summary(record) });
}

/** What the container's answer has no place for: why, and what became of each picture. */
export function summary({ id, state, action, policy, prompt, images, warnings }: GenerationRecord) {
  return {
    id,
    state,
    action,
    policy,
    reasons: prompt?.reasons ?? [],
    images: images.map(({ index, action, blurred, reasons, seed }) => ({ index, action, blurred, reasons, seed })),
    warnings,
  };
}
