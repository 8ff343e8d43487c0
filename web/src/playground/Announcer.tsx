import { VisuallyHidden } from "@mantine/core";
import { verdictOf } from "../result/outcome.ts";
import type { Run } from "../run/run.ts";

/** Tells a screen reader what a glance tells the others. */
export function Announcer({ run }: { readonly run: Run | undefined }) {
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {run && announcement(run)}
    </VisuallyHidden>
  );
}

function announcement(run: Run): string {
  switch (run.phase) {
    case "connecting":
    case "running":
      return run.attempts.length > 1 ? `Generating, attempt ${run.attempts.length}.` : "Generating.";
    case "cancelled":
      return "Cancelled.";
    case "failed":
      return `Failed. ${run.problem?.title ?? ""}`;
    case "finished": {
      if (!run.answer) return "Finished.";
      const { title, detail } = verdictOf(run.answer);
      return `Finished. ${title}. ${detail}`;
    }
    default:
      return run.phase satisfies never;
  }
}
