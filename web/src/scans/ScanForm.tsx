import { Button, NumberInput, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { ScanPlaces } from "../../../src/contract/scan-api.ts";
import { fieldError, problemOf } from "../api/problem.ts";
import { policiesQuery } from "../api/queries.ts";
import { scansQuery, startScan } from "../api/scans.ts";
import { Card } from "../result/Card.tsx";
import { Notice } from "../result/Notice.tsx";
import { ProblemNotice } from "../result/ProblemNotice.tsx";
import classes from "./Scans.module.css";

const FOR_TRAINING = "dataset";
const FIELDS = ["source", "policy", "min_side"];

/** Starts a scan of a place that the server may read. */
export function ScanForm({ places }: { readonly places: ScanPlaces }) {
  const policies = useQuery(policiesQuery);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [source, setSource] = useState(places.sources[0] ?? "");
  const [policy, setPolicy] = useState<string | null>(null);
  const [minSide, setMinSide] = useState<number | "">(256);
  const start = useMutation({
    mutationFn: startScan,
    async onSuccess({ id }) {
      await queries.invalidateQueries(scansQuery);
      await navigate({ to: "/scans/$id", params: { id } });
    },
  });
  if (places.sources.length === 0) {
    return (
      <Notice tone="unknown" title="No place may be scanned from here">
        Name the folders, or prefixes in S3, that hold data sets under <code>scans.sources</code> in{" "}
        <code>safelight.yaml</code>. On the command line <code>safelight scan FOLDER</code> works without it.
      </Notice>
    );
  }
  const names = policies.data?.map(({ name }) => name) ?? [];
  const chosen = policy ?? (names.includes(FOR_TRAINING) ? FOR_TRAINING : (names[0] ?? null));
  const problem = start.error ? problemOf(start.error) : null;
  const inFields = problem?.errors.some((error) => fieldErrorOf(error.pointer)) ?? false;
  return (
    <Card title="Scan a data set">
      <form
        className={classes["form"]}
        aria-label="Scan"
        onSubmit={(event) => {
          event.preventDefault();
          if (chosen !== null)
            start.mutate({ source: source.trim(), policy: chosen, min_side: minSide === "" ? 0 : minSide });
        }}
      >
        <TextInput
          className={classes["wide"] ?? ""}
          label="Folder, or s3://bucket/prefix"
          description={`In ${places.sources.join(", ")}`}
          inputWrapperOrder={["label", "input", "error", "description"]}
          spellCheck={false}
          required
          withAsterisk={false}
          list="scan-places"
          value={source}
          onChange={(event) => setSource(event.currentTarget.value)}
          error={fieldError(problem, "source")}
        />
        <datalist id="scan-places">
          {places.sources.map((place) => (
            <option key={place} value={place} />
          ))}
        </datalist>
        <Select
          label="Policy"
          allowDeselect={false}
          data={names}
          value={chosen}
          onChange={setPolicy}
          error={fieldError(problem, "policy")}
        />
        <NumberInput
          label="Shorter side, pixels"
          min={0}
          max={100_000}
          allowDecimal={false}
          allowNegative={false}
          value={minSide}
          onChange={(side) => setMinSide(typeof side === "number" ? side : "")}
          error={fieldError(problem, "min_side")}
        />
        <Button type="submit" loading={start.isPending} className={classes["submit"] ?? ""}>
          Scan
        </Button>
      </form>
      {problem && !inFields && <ProblemNotice problem={problem} />}
    </Card>
  );
}

function fieldErrorOf(pointer: string): boolean {
  return FIELDS.includes(pointer.replace(/^#?\//, ""));
}
