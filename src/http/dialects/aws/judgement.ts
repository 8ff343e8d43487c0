import type { Context } from "hono";
import { severity } from "../../../contract/actions.ts";
import { SafelightError } from "../../../contract/errors.ts";
import type { Judgement } from "../../../contract/generation.ts";
import type { Finding } from "../../../contract/report.ts";
import type { Policy } from "../../../policy/schema.ts";
import type { Environment } from "../../types.ts";

/** Every finding of every detector. */
export function findingsOf({ reports }: Judgement): readonly Finding[] {
  return reports.flatMap((report) => (report.state === "scored" ? report.findings : []));
}

/** The findings because of which the policy would not let through as it is what was judged. */
export function stoppingFindings({ reasons }: Judgement): readonly Finding[] {
  return reasons.flatMap(({ action, category, score, label }) =>
    severity(action) < severity("blur") || category === null || score === null
      ? []
      : [{ category, score, ...(label === null ? {} : { label }) }],
  );
}

export function topScore(findings: readonly Finding[]): number {
  return findings.reduce((top, { score }) => Math.max(top, score), 0);
}

/** Whether the policy keeps what was judged from going further. */
export function isRefused({ action }: Pick<Judgement, "action">): boolean {
  return severity(action) >= severity("review");
}

/**
 * AWS's answers have no word for "nobody could tell", so that fails, as the service would.
 * @throws SafelightError `detector_failed` when a required check did not happen
 */
export function assertTold({ reasons, coverage }: Judgement): void {
  const gap = coverage.some(({ required, state }) => required && state !== "scored");
  if (!gap && reasons.every(({ score }) => score !== null)) return;
  throw new SafelightError("detector_failed", "a check that the policy requires could not tell");
}

/** Says in headers what the policy decides: clients that know Safelight may read them. */
export function tellDecision(
  c: Context<Environment>,
  { action, policy }: { action: Judgement["action"]; policy: Pick<Policy, "name" | "digest"> },
): void {
  c.header("Safelight-Action", action);
  c.header("Safelight-Policy", `${policy.name}; digest="${policy.digest}"`);
}
