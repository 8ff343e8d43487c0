import { ACTIONS } from "../../../src/contract/actions.ts";
import { categoryTitle, isCategory } from "../../../src/contract/categories.ts";
import type { ScanSummary } from "../../../src/contract/scan.ts";
import { hasUnjudged, SCAN_PROBLEMS, type ScanProblemCode } from "../../../src/contract/scan-problems.ts";
import { Card } from "../result/Card.tsx";
import { capital } from "../result/format.ts";
import { Notice } from "../result/Notice.tsx";
import classes from "./Scans.module.css";
import { count } from "./words.ts";

/** What a scan found, by action, category and problem, and what nobody looked for. */
export function Summary({ summary }: { readonly summary: ScanSummary }) {
  const { pictures, unjudged, actions, categories, problems, copies, faces, coverage } = summary;
  const most = Math.max(1, ...ACTIONS.map((action) => actions[action]));
  const missing = coverage.image.filter(({ state }) => state === "not_covered");
  const also = [
    copies.same_bytes > 0 && `${count(copies.same_bytes)} have the bytes of another one`,
    copies.near !== null && copies.near > 0 && `${count(copies.near)} look like another one`,
    faces.several > 0 && `${count(faces.several)} show several faces, ${count(faces.one)} one`,
  ].filter((line) => line !== false);
  return (
    <>
      {hasUnjudged(summary) && (
        <Notice tone="warn" title={pictures === 0 ? "No picture was found" : "Not everything could be judged"}>
          {unjudged === 1 ? "One picture is open. " : unjudged > 1 ? `${count(unjudged)} pictures are open. ` : ""}A
          training should not start on what nobody has judged.
        </Notice>
      )}
      <Card title={`${count(pictures)} pictures`}>
        <ul className={classes["bars"]}>
          {ACTIONS.map((action) => (
            <li key={action} data-tone={action}>
              <span>{capital(action)}</span>
              <span className={classes["bar"]} aria-hidden="true">
                <span style={{ width: `${(100 * actions[action]) / most}%` }} />
              </span>
              <b>{count(actions[action])}</b>
            </li>
          ))}
        </ul>
        <div className={classes["columns"]}>
          <Counts
            title="By category"
            rows={Object.entries(categories).map(([category, found]) => [
              capital(isCategory(category) ? categoryTitle(category) : category),
              Object.entries(found ?? {})
                .map(([action, n]) => `${action} ${count(n ?? 0)}`)
                .join(", "),
            ])}
          />
          <Counts
            title="What else is wrong"
            rows={Object.entries(problems).map(([code, n]) => [
              SCAN_PROBLEMS[code as ScanProblemCode].title,
              count(n ?? 0),
            ])}
          />
          <Counts title="Worth knowing" rows={also.map((line) => [line, ""])} />
        </div>
        {missing.length > 0 && (
          <p className={classes["quiet"]}>
            Nobody looked in the pictures for: {missing.map(({ category }) => categoryTitle(category)).join(", ")}.
          </p>
        )}
      </Card>
    </>
  );
}

function Counts({ title, rows }: { readonly title: string; readonly rows: readonly (readonly [string, string])[] }) {
  if (rows.length === 0) return null;
  return (
    <section>
      <h3 className={classes["small"]}>{title}</h3>
      <dl className={classes["counts"]}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
