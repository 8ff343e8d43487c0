import { Tooltip } from "@mantine/core";
import { categoryTitle } from "../../../src/contract/categories.ts";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";
import { Card } from "./Card.tsx";
import { capital, plural, score } from "./format.ts";
import { type Mark, marksOf, type Segment, segmentsOf } from "./marks.ts";
import { ACTION_TITLES } from "./outcome.ts";
import classes from "./PromptCard.module.css";

interface PromptCardProps {
  readonly answer: GenerationAnswer;
  readonly prompt: string | null;
}

/** The prompt as it was judged, with what the detectors pointed at, and the negative prompt as it was sent on. */
export function PromptCard({ answer, prompt }: PromptCardProps) {
  const marks = answer.prompt ? marksOf(answer.prompt) : [];
  const { prompt_characters, prompt_digest } = answer.request;
  return (
    <Card title="Prompt" aside={marks.length > 0 ? plural(marks.length, "marked place") : undefined}>
      {prompt === null ? (
        <p className={classes["gone"]}>
          The policy keeps no prompts, only a digest of this one: {plural(prompt_characters, "character")},{" "}
          <code className={classes["digest"]}>{prompt_digest}</code>
        </p>
      ) : (
        <p className={classes["prompt"]} data-testid="marked-prompt">
          {segmentsOf(prompt, marks).map((segment) => (
            <Stretch key={segment.start} segment={segment} />
          ))}
        </p>
      )}
      {answer.negative_prompt && answer.attempts > 0 && (
        <p className={classes["negative"]}>
          <b>Kept out, by the policy and the request:</b> {answer.negative_prompt}
        </p>
      )}
    </Card>
  );
}

function Stretch({ segment }: { readonly segment: Segment }) {
  const [first] = segment.marks;
  if (!first) return segment.text;
  return (
    <Tooltip label={<Explanation marks={segment.marks} />}>
      <mark
        className={classes["mark"]}
        data-tone={first.action ?? "unknown"}
        data-noted={first.action === null}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the explanation must be reachable without a mouse
        tabIndex={0}
      >
        {segment.text}
      </mark>
    </Tooltip>
  );
}

function Explanation({ marks }: { readonly marks: readonly Mark[] }) {
  return marks.map((mark) => (
    <span key={`${mark.start} ${mark.detector} ${mark.category}`} className={classes["line"]}>
      {capital(categoryTitle(mark.category))} {score(mark.score)}
      {mark.threshold === null ? ", below every limit" : `, limit ${score(mark.threshold)}`}
      {mark.action && `: ${ACTION_TITLES[mark.action].toLowerCase()}`} ({mark.detector})
    </span>
  ));
}
