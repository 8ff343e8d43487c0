import { KEY } from "./faults.ts";
import type { Reply, VendorCall } from "./server.ts";

/** What the SDK finds in the environment of the tests: nothing of this machine's, and the key that must never come out. */
export function useTestAccount(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  process.env["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE";
  process.env["AWS_SECRET_ACCESS_KEY"] = KEY;
  process.env["AWS_EC2_METADATA_DISABLED"] = "true";
  process.env["AWS_CONFIG_FILE"] = "/nonexistent/config";
  process.env["AWS_SHARED_CREDENTIALS_FILE"] = "/nonexistent/credentials";
}

/** What every part that speaks to AWS is opened with. */
export const AWS = { region: "us-east-1" } as const;

/** An error as AWS writes it: JSON 1.1 has the name in the body, REST-JSON in a header as well. */
export function awsError(status: number, name: string, message: string, more: object = {}): Reply {
  return {
    status,
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amzn-errortype": `${name}:`,
      "x-amzn-requestid": "aws-1",
    },
    body: { __type: `com.amazonaws.test#${name}`, message, ...more },
  };
}

/** The name of the operation of a JSON 1.1 call. */
export function operationOf({ headers }: VendorCall): string {
  return String(headers["x-amz-target"]).split(".").at(-1) ?? "";
}

/** Service and region that a call is signed for; undefined where it is not signed by the account of the tests. */
export function signedFor({ headers }: VendorCall): { region: string; service: string } | undefined {
  const found =
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=\S+, Signature=[0-9a-f]{64}$/.exec(
      headers.authorization ?? "",
    );
  return found?.[1] && found[2] ? { region: found[1], service: found[2] } : undefined;
}
