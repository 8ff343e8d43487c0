import { Button } from "@mantine/core";
import { problemOf } from "../api/problem.ts";
import { Notice } from "../result/Notice.tsx";

/** The form works from its own defaults while the server's are not to be had; it says so. */
export function ServerNotice({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  const problem = problemOf(error);
  return (
    <Notice tone="block" title={problem.title}>
      {problem.detail}
      <Button size="compact-sm" variant="default" mt={8} display="block" onClick={onRetry}>
        Try again
      </Button>
    </Notice>
  );
}
