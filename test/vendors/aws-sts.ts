import type { Reply } from "./server.ts";

export const ACCOUNT = "111122223333";
const XML = { "content-type": "text/xml", "x-amzn-requestid": "sts-1" };

/** What STS answers to GetCallerIdentity. */
export const identity: Reply = {
  headers: XML,
  body: `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:sts::${ACCOUNT}:assumed-role/painter/me</Arn><UserId>AROAEXAMPLE:me</UserId><Account>${ACCOUNT}</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>sts-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
};

/** An error of STS, which speaks XML. */
export function stsError(status: number, code: string, message: string, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { ...XML, ...headers },
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code>
<Message>${message}</Message></Error><RequestId>sts-1</RequestId></ErrorResponse>`,
  };
}
