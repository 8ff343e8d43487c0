import { categoryTitle } from "../../../src/contract/categories.ts";
import type { Reason } from "../../../src/contract/decision.ts";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";
import { Card } from "./Card.tsx";
import { capital, plural } from "./format.ts";
import { ACTION_TITLES } from "./outcome.ts";
import classes from "./Reasons.module.css";
import { ScoreBar } from "./ScoreBar.tsx";

interface Group {
  readonly title: string;
  /** One that was made again: told in short. */
  readonly replaced: boolean;
  readonly reasons: readonly Reason[];
}

export function Reasons({ answer }: { readonly answer: GenerationAnswer }) {
  const groups = groupsOf(answer);
  // A warning that rests on no reason, such as a further attempt that failed.
  const notes = answer.warnings.filter(
    (warning) => warning.category === null && warning.index === null && warning.stage === "image",
  );
  const count = groups.reduce((sum, group) => sum + group.reasons.length, 0);
  if (count === 0 && notes.length === 0) return null;
  return (
    <Card title="Reasons" aside={plural(count, "reason")}>
      {groups.map((group) => (
        <div key={group.title} className={classes["group"]}>
          <h3 className={classes["where"]}>{group.title}</h3>
          <ul className={classes["list"]}>
            {group.reasons.map((reason, position) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the reasons of a finished record never change
              <ReasonItem key={position} reason={reason} brief={group.replaced} />
            ))}
          </ul>
        </div>
      ))}
      {notes.map((note) => (
        <p key={note.message} className={classes["note"]}>
          {note.message}
        </p>
      ))}
    </Card>
  );
}

function ReasonItem({ reason, brief }: { readonly reason: Reason; readonly brief: boolean }) {
  const { category, action, score, threshold, detector, label, evidence, message } = reason;
  const disguises = evidence?.disguises ?? [];
  return (
    <li className={classes["reason"]} data-tone={action} data-testid="reason">
      <div className={classes["what"]}>
        <span className={classes["category"]}>{titleOf(reason)}</span>
        <span className={classes["action"]}>{ACTION_TITLES[action]}</span>
      </div>
      {score !== null && threshold !== null && <ScoreBar score={score} threshold={threshold} />}
      {(!brief || score === null) && <p className={classes["message"]}>{message}</p>}
      {detector && !brief && (
        <p className={classes["detector"]}>
          {detector}
          {label && label !== category && label !== detector && ` · ${label}`}
          {evidence?.distance !== undefined && ` · ${plural(evidence.distance, "bit")} of its hash differ`}
          {disguises.length > 0 && ` · disguised: ${disguises.map((name) => name.replaceAll("_", " ")).join(", ")}`}
        </p>
      )}
    </li>
  );
}

/** A reason without a category says that nobody judged; its label says how that came. */
function titleOf({ category, label }: Reason): string {
  if (category) return capital(categoryTitle(category));
  if (label === "withheld") return "Withheld";
  return label === "missing" ? "Check missing" : "Check failed";
}

/** The prompt, the pictures answered, and then what was wrong with those that were made again. */
function groupsOf(answer: GenerationAnswer): readonly Group[] {
  const { prompt, images, trials } = answer;
  const replaced = trials.filter(
    (trial) => !images.some((image) => image.index === trial.index && image.attempt === trial.attempt),
  );
  return [
    { title: "Prompt", replaced: false, reasons: prompt?.reasons ?? [] },
    ...images.map(({ index, reasons }) => ({ title: `Picture ${index + 1}`, replaced: false, reasons })),
    ...replaced.map(({ index, attempt, reasons }) => ({
      title: `Picture ${index + 1}, attempt ${attempt} (not used)`,
      replaced: true,
      reasons,
    })),
  ].filter((group) => group.reasons.length > 0);
}
