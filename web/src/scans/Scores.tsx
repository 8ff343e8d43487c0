import { useQuery } from "@tanstack/react-query";
import type { KeyboardEvent } from "react";
import { ACTIONS, type Action } from "../../../src/contract/actions.ts";
import { categoryTitle, isCategory } from "../../../src/contract/categories.ts";
import type { ScanSummary } from "../../../src/contract/scan.ts";
import type { ScanAnswer } from "../../../src/contract/scan-api.ts";
import { REJECTED } from "../../../src/contract/scan-problems.ts";
import { policyQuery } from "../api/queries.ts";
import { Card } from "../result/Card.tsx";
import { capital, plural, score as shown } from "../result/format.ts";
import classes from "./Scores.module.css";
import { count } from "./words.ts";

/** Least severe first, with the score that each begins at. */
type Limits = readonly (readonly [Action, number])[];

interface ScoresProps {
  readonly scan: ScanAnswer;
  readonly scores: NonNullable<ScanSummary["scores"]>;
  /** A score in a category was chosen, to see the pictures from there. */
  readonly onChoose: (category: string, from: number) => void;
}

/** How high the pictures score, category by category, beside the limits of the policy that they were judged under. */
export function Scores({ scan, scores, onChoose }: ScoresProps) {
  const policy = useQuery(policyQuery(scan.policy.name));
  const same = policy.data?.digest === scan.policy.digest;
  const found = Object.entries(scores);
  if (found.length === 0) return null;
  return (
    <Card title="Scores" aside="Choose a bar to see the pictures from there">
      <div className={classes["histograms"]}>
        {found.map(([category, bins = []]) => {
          const known = isCategory(category) ? category : undefined;
          const limits = known && same ? limitsOf(policy.data?.image.categories[known] ?? {}) : undefined;
          return (
            <Histogram
              key={category}
              title={capital(known ? categoryTitle(known) : category)}
              bins={bins}
              limits={limits}
              onChoose={(from) => onChoose(category, from)}
            />
          );
        })}
      </div>
      {!same && !policy.isPending && (
        <p className={classes["note"]}>
          The policy has changed since this scan, so its limits are not drawn; report.html has those of then.
        </p>
      )}
    </Card>
  );
}

interface HistogramProps {
  readonly title: string;
  readonly bins: readonly number[];
  /** Undefined: nobody knows them any more. */
  readonly limits: Limits | undefined;
  readonly onChoose: (from: number) => void;
}

function Histogram({ title, bins, limits, onChoose }: HistogramProps) {
  const most = Math.max(...bins);
  const total = bins.reduce((sum, n) => sum + n, 0);
  // the lowest scores are not worth a look: nothing leads to them
  const first = bins.findIndex((n, i) => n > 0 && i > 0);
  return (
    <figure className={classes["histogram"]}>
      <figcaption>
        <b>{title}</b>
        <span>
          {count(total)} above 0{limits && ` · ${inWords(limits)}`}
        </span>
      </figcaption>
      <div className={classes["plot"]}>
        <ol className={classes["bins"]} aria-label={`${title}, pictures by score`}>
          {bins.map((n, i) => {
            const from = i / bins.length;
            const text = `${shown(from)} to ${shown((i + 1) / bins.length)}: ${plural(n, "picture")}`;
            return (
              <li key={from}>
                {n > 0 && (
                  <button
                    type="button"
                    title={text}
                    aria-label={text}
                    data-tone={limits ? (limits.findLast(([, limit]) => from >= limit)?.[0] ?? "allow") : "unknown"}
                    disabled={i === 0}
                    tabIndex={i === first ? 0 : -1}
                    onClick={() => onChoose(from)}
                    onKeyDown={moveAlong}
                  >
                    <span style={{ height: `${height(n, most)}%` }} />
                  </button>
                )}
              </li>
            );
          })}
        </ol>
        {limits?.map(([action, limit]) => (
          <span
            key={action}
            className={classes["limit"]}
            data-tone={action}
            aria-hidden="true"
            style={{ left: `${100 * limit}%` }}
          />
        ))}
      </div>
      <div className={classes["axis"]} aria-hidden="true">
        <span>0</span>
        <span>0.5</span>
        <span>1</span>
      </div>
    </figure>
  );
}

function limitsOf(levels: Readonly<Partial<Record<Action, number>>>): Limits {
  return ACTIONS.flatMap((action) => {
    const limit = levels[action];
    return limit === undefined ? [] : [[action, limit] as const];
  });
}

function inWords(limits: Limits): string {
  const rejecting = limits.flatMap(([action, limit]) => (REJECTED.includes(action) ? [limit] : []));
  if (rejecting.length > 0) return `rejected from ${shown(Math.min(...rejecting))}`;
  const [lowest] = limits;
  return lowest ? `${lowest[0]} from ${shown(lowest[1])}` : "the policy has no limit";
}

/** Logarithmic: one picture among a million is to be seen as well. */
function height(n: number, most: number): number {
  return 8 + (92 * Math.log(n + 1)) / Math.log(most + 1);
}

/** One stop for the Tab key a histogram; the arrows go from bar to bar. */
function moveAlong(event: KeyboardEvent<HTMLButtonElement>): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const bars = [...(event.currentTarget.closest("ol")?.querySelectorAll<HTMLButtonElement>("button:enabled") ?? [])];
  bars[bars.indexOf(event.currentTarget) + step]?.focus();
}
