import { awsFailure } from "./aws.ts";
import type { Role } from "./role.ts";

interface AwsClient {
  readonly config: { region(): Promise<string>; credentials(): Promise<{ readonly accessKeyId: string }> };
}

/**
 * Finds the region and the credentials that a client of the SDK would use. It asks AWS nothing: there every call is billed, or needs
 * a permission of its own.
 * @throws SafelightError when there are no credentials
 */
export async function probeAws(role: Role, { config }: AwsClient): Promise<string> {
  const region = await config.region();
  try {
    await config.credentials();
  } catch (error) {
    throw awsFailure(role, error);
  }
  return `credentials are there, for the region ${region}; whether AWS takes them is not asked`;
}
