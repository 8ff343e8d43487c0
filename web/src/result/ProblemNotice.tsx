import { Button } from "@mantine/core";
import { otherErrors, type Problem } from "../api/problem.ts";
import { FIELDS } from "../playground/draft.ts";
import { Notice } from "./Notice.tsx";

interface ProblemNoticeProps {
  readonly problem: Problem;
  readonly onRetry?: () => void;
}

/** An error as a person needs it. What belongs to a field of the form is shown there, and only pointed to here. */
export function ProblemNotice({ problem, onRetry }: ProblemNoticeProps) {
  const others = otherErrors(problem, FIELDS);
  const inFields = problem.errors.length > others.length;
  return (
    <Notice tone="block" title={problem.title}>
      {inFields ? "See the marked fields of the form." : problem.detail}
      {others.length > 0 && (
        <ul>
          {others.map((error) => (
            <li key={error.pointer + error.detail}>
              <code>{error.pointer.replace(/^#?\/?/, "") || "request"}</code> {error.detail}
            </li>
          ))}
        </ul>
      )}
      {problem.request_id && <div>Request {problem.request_id}</div>}
      {onRetry && !inFields && (
        <Button size="compact-sm" variant="default" mt={8} display="block" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Notice>
  );
}
