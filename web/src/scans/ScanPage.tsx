import { Button, Loader } from "@mantine/core";
import { IconPlayerPlayFilled, IconPlayerStopFilled } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { problemOf } from "../api/problem.ts";
import { changeScan, scanQuery } from "../api/scans.ts";
import { Card } from "../result/Card.tsx";
import { Notice } from "../result/Notice.tsx";
import { ProblemNotice } from "../result/ProblemNotice.tsx";
import { ALL, Browser } from "./Browser.tsx";
import { Consequences } from "./Consequences.tsx";
import { Files } from "./Files.tsx";
import { Progress } from "./Progress.tsx";
import classes from "./Scans.module.css";
import { Scores } from "./Scores.tsx";
import { Summary } from "./Summary.tsx";
import { nameOf, standing } from "./words.ts";

/** `/scans/$id`: a scan while it runs, and what it has found. */
export function ScanPage() {
  const { id } = useParams({ from: "/scans/$id" });
  const found = useQuery(scanQuery(id));
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (verb: "cancel" | "resume") => changeScan(id, verb),
    onSettled: () => queries.invalidateQueries(scanQuery(id)),
  });
  const [asked, setAsked] = useState(ALL);
  const pictures = useRef<HTMLDivElement>(null);
  const scan = found.data;
  useEffect(() => {
    document.title = `${scan ? nameOf(scan.source) : "Scan"} · Safelight`;
  }, [scan]);
  if (found.isPending) {
    return (
      <div className={classes["page"]} role="status" aria-label="Loading the scan">
        <Loader type="dots" />
      </div>
    );
  }
  if (!scan) {
    return (
      <div className={classes["page"]}>
        <ProblemNotice problem={problemOf(found.error)} onRetry={() => void found.refetch()} />
      </div>
    );
  }
  const active = scan.activity !== "idle";
  const finished = scan.state === "finished" && !active;
  return (
    <div className={classes["page"]}>
      <div className={classes["head"]}>
        <div>
          <p className={classes["quiet"]}>
            <Link to="/scans" className={classes["back"]}>
              Data sets
            </Link>
          </p>
          <h1 className={classes["title"]}>{nameOf(scan.source)}</h1>
          <p className={classes["quiet"]}>
            {scan.source} · policy {scan.policy.name} {scan.policy.version}
            {scan.layout === null ? "" : ` · layout ${scan.layout}`} ·{" "}
            <time dateTime={scan.created_at}>{new Date(scan.created_at).toLocaleString()}</time>
          </p>
        </div>
        {active ? (
          <Button
            variant="default"
            leftSection={<IconPlayerStopFilled size={15} />}
            loading={change.isPending}
            onClick={() => change.mutate("cancel")}
          >
            Stop
          </Button>
        ) : (
          !finished && (
            <Button
              leftSection={<IconPlayerPlayFilled size={15} />}
              loading={change.isPending}
              onClick={() => change.mutate("resume")}
            >
              Go on
            </Button>
          )
        )}
      </div>
      {change.error && <ProblemNotice problem={problemOf(change.error)} />}
      {scan.error !== null && (
        <Notice tone="block" title="The scan could not go on">
          {scan.error}
        </Notice>
      )}
      {!finished && (
        <Card title={standing(scan)}>
          <div aria-live="polite">
            <Progress scan={scan} />
          </div>
        </Card>
      )}
      {finished && scan.summary && <Summary summary={scan.summary} />}
      {finished && scan.summary?.scores && (
        <Scores
          scan={scan}
          scores={scan.summary.scores}
          onChoose={(category, from) => {
            setAsked({ ...ALL, category, min_score: from === 0 ? "" : String(from) });
            pictures.current?.scrollIntoView();
          }}
        />
      )}
      {finished && <Consequences scan={scan} />}
      {scan.files.length > 0 && <Files scan={scan} />}
      {scan.done > 0 && (
        <div ref={pictures} className={classes["found"]}>
          <Browser scan={scan} asked={asked} onAsk={setAsked} />
        </div>
      )}
    </div>
  );
}
