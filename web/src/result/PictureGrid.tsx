import { useQuery } from "@tanstack/react-query";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";
import { policyQuery } from "../api/queries.ts";
import { PictureCard } from "./PictureCard.tsx";
import classes from "./Pictures.module.css";

interface PictureGridProps {
  readonly answer: GenerationAnswer;
  /** Shows the table of what was looked for. */
  onCoverage(): void;
}

export function PictureGrid({ answer, onCoverage }: PictureGridProps) {
  const anyBlurred = answer.images.some((picture) => picture.blurred);
  const policy = useQuery({ ...policyQuery(answer.policy.name), enabled: anyBlurred });
  return (
    <ul className={classes["grid"]} data-count={Math.min(answer.images.length, 3)} aria-label="Pictures">
      {answer.images.map((picture) => (
        <PictureCard
          key={picture.index}
          answer={answer}
          picture={picture}
          onCoverage={onCoverage}
          mayReveal={picture.blurred && picture.original !== null && policy.data?.reveal === "caller"}
        />
      ))}
    </ul>
  );
}
