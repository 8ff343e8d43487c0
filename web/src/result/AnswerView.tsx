import { useRef, useState } from "react";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";
import classes from "./AnswerView.module.css";
import { Card } from "./Card.tsx";
import { CoverageTable } from "./CoverageTable.tsx";
import { DeveloperPanel } from "./DeveloperPanel.tsx";
import { PictureGrid } from "./PictureGrid.tsx";
import { PicturesBeside } from "./PicturesBeside.tsx";
import { PromptCard } from "./PromptCard.tsx";
import { Reasons } from "./Reasons.tsx";
import { StandIn } from "./StandIn.tsx";
import { Timings } from "./Timings.tsx";
import type { Timeline } from "./timeline.ts";
import { VerdictBanner } from "./VerdictBanner.tsx";
import { Waterfall } from "./Waterfall.tsx";

interface AnswerViewProps {
  readonly answer: GenerationAnswer;
  /** As it was sent; null when this page did not send it and the policy does not keep it. */
  readonly prompt: string | null;
  readonly timeline: Timeline;
  readonly curl: string;
  /** Whether to offer the link to this answer's own page. */
  readonly permalink?: boolean;
}

/** Everything there is to know about one finished generation. */
export function AnswerView({ answer, prompt, timeline, curl, permalink = false }: AnswerViewProps) {
  const [allCoverage, setAllCoverage] = useState(false);
  const coverage = useRef<HTMLElement>(null);
  const showCoverage = () => {
    setAllCoverage(true);
    coverage.current?.scrollIntoView({ block: "start" });
    coverage.current?.focus({ preventScroll: true });
  };
  return (
    <>
      <VerdictBanner answer={answer} permalink={permalink} />
      <PicturesBeside count={answer.images.length}>
        {answer.images.length > 0 && <PictureGrid answer={answer} onCoverage={showCoverage} />}
        <div className={classes["why"]}>
          <Reasons answer={answer} />
          <PromptCard answer={answer} prompt={prompt} />
          {answer.notice && answer.attempts > 0 && <StandIn notice={answer.notice} />}
        </div>
      </PicturesBeside>
      <Card title="Timeline">
        <Waterfall timeline={timeline} underWay={false} />
        <Timings timings={answer.timings} />
      </Card>
      <section ref={coverage} tabIndex={-1} aria-label="What was looked for">
        <CoverageTable record={answer} all={allCoverage} onAll={setAllCoverage} />
      </section>
      <DeveloperPanel answer={answer} curl={curl} />
    </>
  );
}
