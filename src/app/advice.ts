import type { SafelightError, VendorFault } from "../contract/errors.ts";

/** What usually helps against a fault that its status does not tell enough of, by its words; the first that fits. */
const BY_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^AWS STS.*host name is unknown/, "correct the region"],
  [
    /^AWS STS.*(?:connection|address|answer in time|TLS)/,
    "a firewall may be in the way: AWS_ENDPOINT_URL_STS can name another address, and --deep does without STS",
  ],
  [/^AWS refuses.*: the account has not enabled the region/, "enable it in the account, or use another"],
  [/clock of this machine/, "set the clock, best by NTP"],
  [/session (?:token has|of the AWS profile .*) expired/, "get a new one; for single sign-on, run aws sso login"],
  [
    /does not know the|secret access key is not the one/,
    "check the key: it may be mistyped, revoked, or of another account",
  ],
  [/nothing listens/, "start it, or correct its address"],
  [/host name is unknown/, "correct its address, or the region"],
  [/speak TLS/, "its address may have to begin with http:"],
  [/TLS certificate/, "NODE_EXTRA_CA_CERTS names a file of further certificates to be trusted"],
  [/is not JSON/, "check its address: something else may answer there, such as a page to log in"],
];

/** What usually helps against a vendor's fault. */
export function adviceFor({ vendor, detail }: SafelightError): string | null {
  const known = BY_WORDS.find(([words]) => words.test(detail));
  if (known) return known[1];
  switch (vendor?.status) {
    case 401:
      return "check the key: it may be mistyped, revoked, or of another account";
    case 402:
      return "the account has no credit";
    case 403:
      return "check the credentials, and that they may use this model or endpoint in this region";
    case 404:
      return "check the name of the model, deployment or endpoint, and the region";
    case 429:
      return `its quota is used up, or it is asked too often${waitOf(vendor)}`;
    case 500:
    case 502:
    case 503:
    case 504:
      return "it has trouble of its own: try again later";
    default:
      return null;
  }
}

function waitOf({ retry_after_ms }: VendorFault): string {
  return retry_after_ms === null ? "" : `; it wants to be left alone for ${Math.ceil(retry_after_ms / 1000)} s`;
}
