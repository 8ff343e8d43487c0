import { Button, Loader } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import type { ScanAnswer } from "../../../src/contract/scan-api.ts";
import { problemOf } from "../api/problem.ts";
import { scansQuery } from "../api/scans.ts";
import { Card } from "../result/Card.tsx";
import { ProblemNotice } from "../result/ProblemNotice.tsx";
import { Progress } from "./Progress.tsx";
import { ScanForm } from "./ScanForm.tsx";
import classes from "./Scans.module.css";
import { count, nameOf, standing } from "./words.ts";

/** `/scans`: data sets that were scanned, and a form to scan another one. */
export function ScansPage() {
  const found = useInfiniteQuery(scansQuery);
  const [first] = found.data?.pages ?? [];
  const scans = found.data?.pages.flatMap((page) => page.scans) ?? [];
  useEffect(() => {
    document.title = "Data sets · Safelight";
  }, []);
  return (
    <div className={classes["page"]}>
      <header>
        <h1 className={classes["title"]}>Data sets</h1>
        <p className={classes["lead"]}>
          A fine-tuned model repeats what it was fed. A scan judges every picture and caption of a data set before it
          trains anything, and signs what may be kept.
        </p>
      </header>
      {found.isPending && <Loader type="dots" aria-label="Loading the scans" />}
      {found.error && <ProblemNotice problem={problemOf(found.error)} onRetry={() => void found.refetch()} />}
      {first && (
        <>
          <ScanForm places={first.places} />
          <Card
            title="Scans"
            aside={
              scans.length === 0 ? undefined : found.hasNextPage ? `${scans.length} latest` : `${scans.length} in all`
            }
          >
            {scans.length === 0 && !found.hasNextPage ? (
              <p className={classes["quiet"]}>None yet.</p>
            ) : (
              <ul className={classes["list"]}>
                {scans.map((scan) => (
                  <Row key={scan.id} scan={scan} />
                ))}
              </ul>
            )}
            {found.hasNextPage && (
              <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                Show earlier ones
              </Button>
            )}
          </Card>
        </>
      )}
    </div>
  );
}

function Row({ scan }: { readonly scan: ScanAnswer }) {
  const { id, source, policy, created_at, summary } = scan;
  const rejected = summary ? summary.actions.blur + summary.actions.review + summary.actions.block : null;
  return (
    <li className={classes["row"]}>
      <div>
        <Link to="/scans/$id" params={{ id }} className={classes["name"]}>
          {nameOf(source)}
        </Link>
        <p className={classes["quiet"]}>
          {source} · policy {policy.name} · <time dateTime={created_at}>{new Date(created_at).toLocaleString()}</time>
        </p>
      </div>
      <div className={classes["stand"]}>
        <b>{standing(scan)}</b>
        {rejected === null ? (
          scan.activity === "running" && <Progress scan={scan} />
        ) : (
          <p className={classes["quiet"]}>
            {count(summary?.pictures ?? 0)} pictures, {count(rejected)} rejected
            {summary && summary.unjudged > 0 ? `, ${count(summary.unjudged)} not judged` : ""}
          </p>
        )}
      </div>
    </li>
  );
}
