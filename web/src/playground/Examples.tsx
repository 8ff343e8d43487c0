import { Tooltip, UnstyledButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useId } from "react";
import classes from "./Examples.module.css";
import { type Example, SCENES } from "./examples.ts";

interface ExamplesProps {
  readonly consequences: readonly Example[];
  readonly onPick: (example: Example) => void;
}

export function Examples({ consequences, onPick }: ExamplesProps) {
  return (
    <section aria-label="Examples" className={classes["examples"]}>
      <Row title="Try a scene" examples={SCENES} onPick={onPick} />
      {consequences.length > 0 && (
        <Row
          title="See every consequence"
          hint="With harmless test signals in the prompt: nothing offensive is drawn."
          examples={consequences}
          onPick={onPick}
        />
      )}
    </section>
  );
}

interface RowProps {
  readonly title: string;
  readonly hint?: string;
  readonly examples: readonly Example[];
  readonly onPick: (example: Example) => void;
}

function Row({ title, hint, examples, onPick }: RowProps) {
  const id = useId();
  // A tap both shows a tooltip and starts the example, whose result tells the same.
  const hovers = useMediaQuery("(hover: hover)");
  return (
    <div>
      <h2 id={id} className={classes["title"]}>
        {title}
      </h2>
      {hint && <p className={classes["hint"]}>{hint}</p>}
      <ul aria-labelledby={id} className={classes["chips"]}>
        {examples.map((example) => (
          <li key={example.title}>
            <Tooltip label={example.shows} position="bottom" disabled={!hovers}>
              <UnstyledButton
                className={classes["chip"]}
                data-tone={example.tone}
                aria-label={`${example.title}: ${example.shows}`}
                onClick={() => onPick(example)}
              >
                <span className={classes["dot"]} />
                {example.title}
              </UnstyledButton>
            </Tooltip>
          </li>
        ))}
      </ul>
    </div>
  );
}
