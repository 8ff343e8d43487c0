import type { ScanAnswer } from "../../../src/contract/scan-api.ts";
import classes from "./Scans.module.css";
import { count, duration } from "./words.ts";

/** How far a scan is, how fast it goes, and what is left. */
export function Progress({ scan }: { readonly scan: ScanAnswer }) {
  const { state, listed, total, done, rate, seconds_left } = scan;
  if (state === "listing")
    return <p className={classes["quiet"]}>{listed === null ? "It begins." : `${count(listed)} files found so far`}</p>;
  const speed = rate !== null && rate > 0 ? `${rate.toFixed(rate < 10 ? 1 : 0)} pictures/s` : null;
  const left = seconds_left === null || seconds_left === 0 ? null : `${duration(seconds_left)} left`;
  return (
    <div className={classes["progress"]}>
      <progress max={Math.max(1, total)} value={done} aria-label="Pictures judged" />
      <p className={classes["quiet"]}>
        {[`${count(done)} of ${count(total)}`, speed, left].filter((part) => part !== null).join(" · ")}
      </p>
    </div>
  );
}
