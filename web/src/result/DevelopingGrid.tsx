import { type PictureProgress, pictureProgress, type Run } from "../run/run.ts";
import { ACTION_TITLES } from "./outcome.ts";
import classes from "./Pictures.module.css";

/** The pictures asked for, before any may be shown: nothing is released until every verdict is in. */
export function DevelopingGrid({ run }: { readonly run: Run }) {
  const pictures = pictureProgress(run);
  return (
    <ul className={classes["grid"]} data-count={Math.min(pictures.length, 3)} aria-label="Pictures in progress">
      {pictures.map((picture) => (
        <li key={picture.index} className={classes["card"]}>
          <div
            className={classes["frame"]}
            data-developing=""
            style={{ aspectRatio: `${run.request.width} / ${run.request.height}` }}
          >
            <span className={classes["progress"]}>{describe(picture, run)}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}

function describe(picture: PictureProgress, run: Run): string {
  switch (picture.state) {
    case "waiting":
      return run.promptDecision ? "Waiting" : "Checking the prompt";
    case "generating": {
      const fraction = run.attempts.at(-1)?.fraction;
      const done = fraction == null ? "" : ` ${Math.round(fraction * 100)} %`;
      return picture.attempt === 1 ? `Developing${done}` : `Developing again${done}`;
    }
    case "checking":
      return "Checking the picture";
    case "again":
      return "Unsafe: making it again";
    case "decided":
      return ACTION_TITLES[picture.decision.action];
    default:
      return picture satisfies never;
  }
}
