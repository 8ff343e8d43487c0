import { Button } from "@mantine/core";
import { categoryTitle } from "../../../src/contract/categories.ts";
import type { Coverage } from "../../../src/contract/decision.ts";
import type { GenerationRecord } from "../../../src/contract/generation.ts";
import { Card } from "./Card.tsx";
import classes from "./CoverageTable.module.css";
import { type CoverageCount, type CoverageRow, countCoverage, coverageRows } from "./coverage.ts";
import { capital, score } from "./format.ts";

interface CoverageTableProps {
  readonly record: GenerationRecord;
  /** Whether also the categories are shown that have nothing to tell. */
  readonly all: boolean;
  onAll(all: boolean): void;
}

/** What was looked at and, as plainly, what was not. */
export function CoverageTable({ record, all, onAll }: CoverageTableProps) {
  const rows = coverageRows(record);
  if (rows.length === 0) return null;
  const telling = rows.filter(isTelling);
  const shown = all ? rows : telling;
  const hidden = rows.length - telling.length;
  return (
    <Card title="Coverage" aside="which harms were looked for">
      <p className={classes["summary"]}>
        <Summary title="Prompt" count={countCoverage(rows.map((row) => row.prompt))} />
        <Summary
          title={record.images.length === 1 ? "Picture" : "Pictures"}
          count={countCoverage(rows.map((row) => row.pictures))}
        />
      </p>
      {shown.length > 0 && (
        <table className={classes["table"]}>
          <thead>
            <tr>
              <th scope="col">Category</th>
              <th scope="col">Prompt</th>
              <th scope="col">Pictures</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row.category}>
                <th scope="row">{capital(categoryTitle(row.category))}</th>
                <td>
                  <Cell coverage={row.prompt} />
                </td>
                <td>
                  <Cell coverage={row.pictures} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {hidden > 0 && (
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          fw={500}
          mt={8}
          ml={-8}
          aria-expanded={all}
          onClick={() => onAll(!all)}
        >
          {all ? "Show fewer" : `Show all ${rows.length} categories`}
        </Button>
      )}
    </Card>
  );
}

function Summary({ title, count }: { readonly title: string; readonly count: CoverageCount }) {
  if (count.scored + count.unknown + count.not_covered === 0) {
    return (
      <span>
        <b>{title}</b> not judged
      </span>
    );
  }
  return (
    <span>
      <b>{title}</b> {count.scored} scored, {count.unknown} unknown, {count.not_covered} not covered
    </span>
  );
}

function Cell({ coverage }: { readonly coverage: Coverage | null }) {
  if (!coverage) return <span className={classes["none"]}>–</span>;
  const by = coverage.detectors.join(", ");
  const required = coverage.required ? "required" : "";
  switch (coverage.state) {
    case "scored":
      return (
        <span className={classes["cell"]} title={by}>
          <Meter score={coverage.score ?? 0} />
          <span className={classes["by"]}>{required}</span>
        </span>
      );
    case "unknown":
      return (
        <span className={classes["cell"]} title={by}>
          <b className={classes["unknown"]}>Unknown</b>
          <span className={classes["by"]}>{required}</span>
        </span>
      );
    case "not_covered":
      return (
        <span className={classes["cell"]} title={by}>
          {coverage.score !== null && <Meter score={coverage.score} />}
          <span className={classes["none"]}>{coverage.score === null ? "Not covered" : "not covered otherwise"}</span>
          <span className={classes["by"]}>{required}</span>
        </span>
      );
    default:
      return coverage.state satisfies never;
  }
}

function Meter({ score: value }: { readonly score: number }) {
  return (
    <>
      <span className={classes["number"]}>{score(value)}</span>
      <span className={classes["meter"]} aria-hidden="true">
        <span style={{ width: `${value * 100}%` }} />
      </span>
    </>
  );
}

/** Rows that say more than "looked for, found nothing". */
function isTelling(row: CoverageRow): boolean {
  return [row.prompt, row.pictures].some(
    (it) => it && (it.state === "unknown" || (it.score ?? 0) >= 0.005 || (it.required && it.state !== "scored")),
  );
}
