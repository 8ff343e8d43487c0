import { score as shown } from "./format.ts";
import classes from "./ScoreBar.module.css";

interface ScoreBarProps {
  readonly score: number;
  readonly threshold: number;
}

/** A score on its scale from 0 to 1, with a tick where the policy's limit stands. */
export function ScoreBar({ score, threshold }: ScoreBarProps) {
  return (
    <div className={classes["score"]}>
      <div className={classes["track"]} aria-hidden="true">
        <div className={classes["fill"]} style={{ width: `${score * 100}%` }} />
        <div className={classes["limit"]} style={{ left: `${threshold * 100}%` }} />
      </div>
      <span className={classes["numbers"]}>
        <b>{shown(score)}</b> limit {shown(threshold)}
      </span>
    </div>
  );
}
