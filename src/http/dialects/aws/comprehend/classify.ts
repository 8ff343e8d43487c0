import { z } from "zod";
import { SafelightError } from "../../../../contract/errors.ts";
import { AwsFault } from "../faults.ts";
import { assertTold, tellDecision } from "../judgement.ts";
import type { Operation } from "../operation.ts";
import { readBody } from "../read.ts";
import { grade, type Scale } from "./grade.ts";
import { textWithin } from "./text.ts";

const MOST_BYTES = 10_240;
const ENDPOINT =
  /^arn:aws[a-z-]*:comprehend:[a-zA-Z0-9-]*:(?:\d{12}|aws):document-classifier-endpoint\/([a-zA-Z0-9._-]+)$/;

/** The safe class wins whenever the text goes through, and loses clearly, whatever a client's threshold, when it does not. */
const SCALE: Scale = { allowed: [0, 0.24], warned: [0.25, 0.49], refused: [0.95, 1] };

/**
 * `ClassifyDocument` of a classifier with two classes. The endpoint's name may be that of a policy; `prompt-safety` answers with the
 * classes of AWS's own classifier.
 * @see https://docs.aws.amazon.com/comprehend/latest/APIReference/API_ClassifyDocument.html
 */
export const classifyDocument: Operation = async (body, c, { service }) => {
  const Body = z.object({
    EndpointArn: z.string().max(256).regex(ENDPOINT, { error: "must be the ARN of a document-classifier-endpoint" }),
    Text: textWithin(service.limits, MOST_BYTES).nullish(),
    Bytes: z.string().nullish(),
  });
  const { EndpointArn, Text, Bytes } = readBody(body, Body);
  if (Bytes != null) {
    const members = { Reason: "INVALID_DOCUMENT", Detail: { Reason: "UNSUPPORTED_DOC_TYPE" } };
    throw new AwsFault("invalid_request", "InvalidRequestException", "this server classifies Text, not files", {
      members,
    });
  }
  if (Text == null) throw new SafelightError("invalid_request", '"Text" is missing');
  const endpoint = ENDPOINT.exec(EndpointArn)?.[1] ?? "";
  const policy = service.policyNames().includes(endpoint) ? endpoint : undefined;
  const check = await service.checkText(Text, policy, c.req.raw.signal);
  assertTold(check);
  tellDecision(c, check);
  const unsafe = grade(check, SCALE);
  const [bad, good] = endpoint === "prompt-safety" ? ["UNSAFE_PROMPT", "SAFE_PROMPT"] : ["TOXIC", "NON_TOXIC"];
  const Classes = [
    { Name: bad, Score: unsafe },
    { Name: good, Score: 1 - unsafe },
  ];
  return { Classes: Classes.sort((a, b) => b.Score - a.Score) };
};
