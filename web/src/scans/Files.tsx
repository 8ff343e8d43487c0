import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import type { ScanAnswer, ScanFile } from "../../../src/contract/scan-api.ts";
import { problemOf } from "../api/problem.ts";
import { saveFile } from "../api/scans.ts";
import { Card } from "../result/Card.tsx";
import { ProblemNotice } from "../result/ProblemNotice.tsx";
import classes from "./Scans.module.css";

const TOLD: Readonly<Record<ScanFile, string>> = {
  "report.html": "A page to look at, in one file",
  "manifest.json": "What may be trained on, signed",
  "results.jsonl": "A line for each picture",
  "results.csv": "The same as a table",
  "problems.jsonl": "What is wrong with other files",
  "copies.jsonl": "Pictures that are there twice",
  "media-analysis.jsonl": "As Rekognition's bulk jobs write it",
  "media-analysis-summary.json": "The summary to it",
};

/** What a finished scan has written, to be saved. */
export function Files({ scan }: { readonly scan: ScanAnswer }) {
  const save = useMutation({ mutationFn: (name: ScanFile) => saveFile(scan.id, name) });
  return (
    <Card title="Files">
      <ul className={classes["files"]}>
        {scan.files.map((name) => (
          <li key={name}>
            <Button
              variant="default"
              size="compact-sm"
              leftSection={<IconDownload size={14} />}
              onClick={() => save.mutate(name)}
            >
              {name}
            </Button>
            <span className={classes["quiet"]}>{TOLD[name]}</span>
          </li>
        ))}
      </ul>
      {save.error && <ProblemNotice problem={problemOf(save.error)} />}
    </Card>
  );
}
