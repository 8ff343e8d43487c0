import { useEffect, useState } from "react";
import { axisTicks } from "./axis.ts";
import { milliseconds, percent } from "./format.ts";
import { ACTION_TITLES } from "./outcome.ts";
import type { Bar, Row, Timeline } from "./timeline.ts";
import classes from "./Waterfall.module.css";

interface WaterfallProps {
  readonly timeline: Timeline;
  readonly underWay: boolean;
}

export function Waterfall({ timeline, underWay }: WaterfallProps) {
  const now = useNow(timeline.end_ms, underWay);
  const { ticks, end } = axisTicks(Math.max(now, timeline.end_ms));
  return (
    <div className={classes["waterfall"]} data-testid="timeline">
      <div className={classes["axis"]} aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick} style={{ left: `${(tick / end) * 100}%` }}>
            {tick >= 1000 ? `${tick / 1000} s` : tick}
            {tick < 1000 && tick === ticks.at(-1) && " ms"}
          </span>
        ))}
      </div>
      <ol className={classes["rows"]}>
        {timeline.rows.map((row) => (
          <RowView key={row.id} row={row} now={now} end={end} ticks={ticks} />
        ))}
      </ol>
      {!timeline.measured && (
        <p className={classes["note"]}>
          The record keeps how long each step took, not when it began: the bars are laid end to end.
        </p>
      )}
    </div>
  );
}

interface RowViewProps {
  readonly row: Row;
  readonly now: number;
  readonly end: number;
  readonly ticks: readonly number[];
}

function RowView({ row, now, end, ticks }: RowViewProps) {
  return (
    <li className={classes["row"]} data-stage={row.stage}>
      <span className={classes["label"]}>
        {row.group && <span className={classes["group"]}>{row.group} </span>}
        {row.label}
      </span>
      <span className={classes["track"]} aria-hidden="true">
        {ticks.map((tick) => (
          <span key={tick} className={classes["tick"]} style={{ left: `${(tick / end) * 100}%` }} />
        ))}
        {row.bars.map((bar, position) => (
          <span
            // biome-ignore lint/suspicious/noArrayIndexKey: bars are only ever added at the end
            key={position}
            className={classes["bar"]}
            data-state={bar.state}
            title={`${bar.label}: ${milliseconds(length(bar, now))}`}
            style={{
              left: `${(bar.start_ms / end) * 100}%`,
              width: `${(length(bar, now) / end) * 100}%`,
            }}
          />
        ))}
        {row.decision && (
          <span
            className={classes["decision"]}
            data-tone={row.decision.action}
            style={{ left: `${(row.decision.at_ms / end) * 100}%` }}
          />
        )}
      </span>
      <span className={classes["value"]}>
        <Value row={row} now={now} />
      </span>
    </li>
  );
}

function Value({ row, now }: { readonly row: Row; readonly now: number }) {
  const took = row.bars.length === 0 ? null : milliseconds(longest(row.bars, now));
  const failed = row.bars.some((bar) => bar.state === "unknown");
  return (
    <>
      {row.fraction !== null && `${percent(row.fraction)} · `}
      {took}
      {failed && <b data-tone="unknown">{took && " "}failed</b>}
      {row.decision && (
        <b data-tone={row.decision.action}>
          {took && " "}
          {row.decision.retry ? "again" : ACTION_TITLES[row.decision.action].toLowerCase()}
        </b>
      )}
    </>
  );
}

function length(bar: Bar, now: number): number {
  return Math.max(0, (bar.end_ms ?? now) - bar.start_ms);
}

/** From the first start to the last end: checks run side by side. */
function longest(bars: readonly Bar[], now: number): number {
  return Math.max(...bars.map((bar) => bar.end_ms ?? now)) - Math.min(...bars.map((bar) => bar.start_ms));
}

/** The server's clock goes on between its events. */
function useNow(lastEvent: number, running: boolean): number {
  const [now, setNow] = useState(lastEvent);
  useEffect(() => {
    if (!running) return;
    const since = performance.now();
    const timer = setInterval(() => setNow(lastEvent + performance.now() - since), 60);
    return () => clearInterval(timer);
  }, [lastEvent, running]);
  return running ? Math.max(now, lastEvent) : lastEvent;
}
