import { Button, Loader, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { ACTIONS } from "../../../src/contract/actions.ts";
import { BUILT_IN_CATEGORIES, categoryTitle, isCategory } from "../../../src/contract/categories.ts";
import type { ScanAnswer } from "../../../src/contract/scan-api.ts";
import { SCAN_PROBLEMS } from "../../../src/contract/scan-problems.ts";
import { problemOf } from "../api/problem.ts";
import { type ItemsAsked, itemsQuery } from "../api/scans.ts";
import { Card } from "../result/Card.tsx";
import { capital, score as shown } from "../result/format.ts";
import { ProblemNotice } from "../result/ProblemNotice.tsx";
import { Picture } from "./Picture.tsx";
import classes from "./Scans.module.css";

const ANY = { value: "", label: "Any" };
/** Every picture, the highest scores first. */
export const ALL: ItemsAsked = {
  sort: "score",
  action: "",
  category: "",
  problem: "",
  faces: "",
  min_score: "",
  q: "",
};
const SCORES = [0.1, 0.25, 0.5, 0.75, 0.9];

interface BrowserProps {
  readonly scan: ScanAnswer;
  readonly asked: ItemsAsked;
  readonly onAsk: (asked: ItemsAsked) => void;
}

/** The pictures of a scan, by what was found in them. */
export function Browser({ scan, asked, onAsk }: BrowserProps) {
  const [q] = useDebouncedValue(asked.q, 300);
  const pages = useInfiniteQuery(itemsQuery(scan.id, { ...asked, q }));
  const set = (change: Partial<ItemsAsked>) => onAsk({ ...asked, ...change });
  const items = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const choice = (label: string, field: Chosen, data: readonly Choice[]) => (
    <Select
      label={label}
      size="xs"
      allowDeselect={false}
      data={[ANY, ...data]}
      value={asked[field]}
      onChange={(value) => set({ [field]: value ?? "" })}
    />
  );
  return (
    <Card title="Pictures">
      <div className={classes["filters"]}>
        {choice("Decision", "action", ACTIONS.map(named))}
        {choice(
          "Category",
          "category",
          [...new Set([...BUILT_IN_CATEGORIES, ...Object.keys(scan.summary?.scores ?? {})])].map((value) => ({
            value,
            label: capital(isCategory(value) ? categoryTitle(value) : value),
          })),
        )}
        {choice(
          "Problem",
          "problem",
          Object.entries(SCAN_PROBLEMS).map(([value, { title }]) => ({ value, label: title })),
        )}
        {choice("Faces", "faces", ["none", "one", "several"].map(named))}
        {choice("Score from", "min_score", scoresWith(asked.min_score))}
        <Select
          label="Sort by"
          size="xs"
          allowDeselect={false}
          data={[
            { value: "score", label: "Highest score" },
            { value: "key", label: "Name" },
          ]}
          value={asked.sort}
          onChange={(sort) => set({ sort: sort === "key" ? "key" : "score" })}
        />
        <TextInput
          label="Name"
          size="xs"
          placeholder="A part of it"
          value={asked.q}
          onChange={(event) => set({ q: event.currentTarget.value })}
        />
      </div>
      {pages.error && <ProblemNotice problem={problemOf(pages.error)} onRetry={() => void pages.refetch()} />}
      {pages.isPending && <Loader type="dots" aria-label="Loading pictures" />}
      {pages.data && items.length === 0 && !pages.hasNextPage && (
        <p className={classes["quiet"]}>No picture is like that.</p>
      )}
      <ul className={classes["pictures"]}>
        {items.map((item) => (
          <Picture key={item.key} scan={scan.id} item={item} />
        ))}
      </ul>
      {pages.hasNextPage && (
        <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {items.length === 0 ? "Look further" : "Show more"}
        </Button>
      )}
    </Card>
  );
}

type Chosen = "action" | "category" | "problem" | "faces" | "min_score";

interface Choice {
  readonly value: string;
  readonly label: string;
}

/** With one that was chosen elsewhere. */
function scoresWith(chosen: string): readonly Choice[] {
  const scores = chosen === "" ? SCORES : [...new Set([...SCORES, Number(chosen)])].sort((a, b) => a - b);
  return scores.map((value) => ({ value: String(value), label: shown(value) }));
}

function named(value: string): Choice {
  return { value, label: capital(value) };
}
