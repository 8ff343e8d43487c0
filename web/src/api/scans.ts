import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { ScanItem } from "../../../src/contract/scan.ts";
import type { ScanAnswer, ScanConsequences, ScanFile, ScanPage } from "../../../src/contract/scan-api.ts";
import { getJson, send } from "./client.ts";

const LOOK_MS = 1_000;
const AT_ONCE = 24;

/** What the form of the page asks for. */
export interface SentScan {
  readonly source: string;
  readonly policy: string;
  readonly min_side: number;
}

export interface ItemsAsked {
  readonly sort: "key" | "score";
  readonly action: string;
  readonly category: string;
  readonly problem: string;
  readonly faces: string;
  readonly min_score: string;
  readonly q: string;
}

const isActive = (scan: ScanAnswer | undefined) => scan !== undefined && scan.activity !== "idle";

export const scansQuery = infiniteQueryOptions({
  queryKey: ["scans"],
  queryFn: ({ pageParam, signal }) => {
    const before = pageParam === "" ? "" : `&before=${encodeURIComponent(pageParam)}`;
    return getJson<ScanPage>(`/scans?limit=${AT_ONCE}${before}`, signal);
  },
  initialPageParam: "",
  getNextPageParam: ({ next }) => next,
  staleTime: 0,
  refetchInterval: (query) => (query.state.data?.pages.some(({ scans }) => scans.some(isActive)) ? LOOK_MS : false),
});

/** One that is under way is asked for again every second. */
export const scanQuery = (id: string) =>
  queryOptions({
    queryKey: ["scan", id],
    queryFn: ({ signal }) => getJson<ScanAnswer>(`/scans/${encodeURIComponent(id)}`, signal),
    staleTime: 0,
    refetchInterval: (query) => (isActive(query.state.data) ? LOOK_MS : false),
  });

export const itemsQuery = (id: string, asked: ItemsAsked) =>
  infiniteQueryOptions({
    queryKey: ["scan items", id, asked],
    queryFn: ({ pageParam, signal }) => {
      const given = Object.entries({ ...asked, after: pageParam }).filter(([, value]) => value !== "");
      const query = new URLSearchParams([...given, ["limit", String(AT_ONCE)]]);
      const path = `/scans/${encodeURIComponent(id)}/items?${query}`;
      return getJson<{ readonly items: readonly ScanItem[]; readonly next: string | null }>(path, signal);
    },
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
  });

/** A key may be needed, and an `<img>` sends none. */
export const thumbnailQuery = (id: string, key: string) =>
  queryOptions({
    queryKey: ["scan thumbnail", id, key],
    queryFn: async ({ signal }) => {
      const path = `/scans/${encodeURIComponent(id)}/thumbnail?key=${encodeURIComponent(key)}`;
      return (await send(path, { signal })).blob();
    },
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });

export async function startScan(scan: SentScan): Promise<ScanAnswer> {
  const answer = await send("/scans", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(scan),
  });
  return (await answer.json()) as ScanAnswer; // one build from one contract
}

export async function changeScan(id: string, verb: "cancel" | "resume"): Promise<ScanAnswer> {
  return (await (await send(`/scans/${encodeURIComponent(id)}/${verb}`, { method: "POST" })).json()) as ScanAnswer;
}

export async function moveRejected(id: string, verb: "quarantine" | "undo"): Promise<ScanConsequences> {
  const answer = await send(`/scans/${encodeURIComponent(id)}/${verb}`, { method: "POST" });
  return (await answer.json()) as ScanConsequences;
}

/** The server writes down who asked before it answers. */
export async function revealItem(id: string, key: string): Promise<Blob> {
  const path = `/scans/${encodeURIComponent(id)}/reveal?key=${encodeURIComponent(key)}`;
  return (await send(path, { method: "POST" })).blob();
}

/** Saves a file of a scan, as a link with `download` would. */
export async function saveFile(id: string, name: ScanFile): Promise<void> {
  const answer = await send(`/scans/${encodeURIComponent(id)}/files/${name}`, {});
  const url = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
