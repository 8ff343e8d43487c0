import { isUnderWay, type Run } from "../run/run.ts";
import { AnswerView } from "./AnswerView.tsx";
import { Card } from "./Card.tsx";
import { curlGenerate } from "./curl.ts";
import { DevelopingGrid } from "./DevelopingGrid.tsx";
import { Notice } from "./Notice.tsx";
import { PicturesBeside } from "./PicturesBeside.tsx";
import { ProblemNotice } from "./ProblemNotice.tsx";
import { timelineOfRun } from "./timeline.ts";
import { Waterfall } from "./Waterfall.tsx";

interface RunViewProps {
  readonly run: Run;
  readonly onRetry: () => void;
}

/** A generation of this session, in whatever state it is. */
export function RunView({ run, onRetry }: RunViewProps) {
  const timeline = timelineOfRun(run);
  if (run.phase === "finished" && run.answer) {
    return (
      <AnswerView
        answer={run.answer}
        prompt={run.request.prompt}
        timeline={timeline}
        curl={curlGenerate(location.origin, run.request)}
        permalink
      />
    );
  }
  return (
    <>
      {run.phase === "cancelled" && (
        <Notice tone="unknown" title="Cancelled">
          The request was aborted, and with it the checks and the generator. Nothing was released.
        </Notice>
      )}
      {run.problem && <ProblemNotice problem={run.problem} onRetry={onRetry} />}
      <PicturesBeside count={isUnderWay(run) ? run.request.n : 0}>
        {isUnderWay(run) && <DevelopingGrid run={run} />}
        {timeline.rows.length > 0 && (
          <Card title="Timeline">
            <Waterfall timeline={timeline} underWay={isUnderWay(run)} />
          </Card>
        )}
      </PicturesBeside>
    </>
  );
}
