import { Button } from "@mantine/core";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { ScanAnswer } from "../../../src/contract/scan-api.ts";
import { problemOf } from "../api/problem.ts";
import { moveRejected, scanQuery, scansQuery } from "../api/scans.ts";
import { Card } from "../result/Card.tsx";
import { Notice } from "../result/Notice.tsx";
import { ProblemNotice } from "../result/ProblemNotice.tsx";
import classes from "./Scans.module.css";
import { count } from "./words.ts";

/** Moves what was rejected out of the data set, and back. */
export function Consequences({ scan }: { readonly scan: ScanAnswer }) {
  const { id, quarantined, summary } = scan;
  const places = useInfiniteQuery(scansQuery).data?.pages[0]?.places;
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const move = useMutation({
    mutationFn: () => moveRejected(id, quarantined ? "undo" : "quarantine"),
    onSettled: () => {
      setAsking(false);
      return queries.invalidateQueries(scanQuery(id));
    },
  });
  const { blur = 0, review = 0, block = 0 } = summary?.actions ?? {};
  const rejected = blur + review + block;
  if (rejected === 0 && !quarantined) return null;
  const verb = quarantined ? "Bring back" : "Move to quarantine";
  return (
    <Card title="What was rejected">
      <p>
        {quarantined
          ? "The rejected pictures and their captions lie in quarantine. They can be brought back, byte for byte."
          : `${count(rejected)} pictures were rejected. Moved to quarantine, they leave the data set with their captions and metadata, and can be brought back.`}
      </p>
      {!quarantined && places && !places.quarantine ? (
        <p className={classes["quiet"]}>
          There is no place for them yet: name one under <code>scans.quarantine</code> in <code>safelight.yaml</code>.
        </p>
      ) : asking ? (
        <div className={classes["buttons"]}>
          <span>{quarantined ? "Bring them back?" : "Move them out of the data set?"}</span>
          <Button color={quarantined ? "safelight" : "red"} loading={move.isPending} onClick={() => move.mutate()}>
            {verb}
          </Button>
          <Button variant="default" disabled={move.isPending} onClick={() => setAsking(false)}>
            Cancel
          </Button>
        </div>
      ) : (
        <Button variant="default" onClick={() => setAsking(true)}>
          {verb}…
        </Button>
      )}
      {move.data && (
        <div role="status" className={classes["told"]}>
          {count(move.data.files)} files {quarantined ? "were moved" : "came back"}
          {move.data.rewritten > 0 && `; ${count(move.data.rewritten)} archives and metadata files are without them`}.
        </div>
      )}
      {move.data && move.data.stayed.length > 0 && (
        <Notice tone="warn" title={`${count(move.data.stayed.length)} files stayed`}>
          <ul>
            {move.data.stayed.slice(0, 20).map(({ key, detail }) => (
              <li key={key}>
                <code>{key}</code>: {detail}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {move.error && <ProblemNotice problem={problemOf(move.error)} />}
    </Card>
  );
}
