import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { categoryTitle } from "../../../src/contract/categories.ts";
import type { ScanItem } from "../../../src/contract/scan.ts";
import { REJECTED, SCAN_PROBLEMS } from "../../../src/contract/scan-problems.ts";
import { revealItem, thumbnailQuery } from "../api/scans.ts";
import { capital, score as shown } from "../result/format.ts";
import classes from "./Scans.module.css";
import { useObjectUrl } from "./useObjectUrl.ts";

/** What would be shown as 0.00 says nothing. */
const LEAST_SHOWN = 0.005;

/** One picture of a data set. What was rejected comes blurred from the server, until somebody asks for it. */
export function Picture({ scan, item }: { readonly scan: string; readonly item: ScanItem }) {
  const { key, action, judged, scores, reasons, captions, problems, width, height, faces } = item;
  const readable = item.media_type !== null;
  const small = useQuery({ ...thumbnailQuery(scan, key), enabled: readable });
  const reveal = useMutation({ mutationFn: () => revealItem(scan, key), gcTime: 0 });
  const hidden = !judged || REJECTED.includes(action);
  const source = useObjectUrl(reveal.data ?? small.data);
  const [worst] = reasons.toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0));
  const top = Object.entries(scores)
    .filter(([, each = 0]) => each >= LEAST_SHOWN)
    .sort(([, a = 0], [, b = 0]) => b - a)[0];
  return (
    <li className={classes["picture"]} data-tone={judged ? action : "unknown"}>
      <div className={classes["frame"]}>
        {source ? (
          <img src={source} alt={hidden && !reveal.data ? `${key}, blurred` : key} loading="lazy" />
        ) : (
          <span className={classes["quiet"]}>{readable && !small.isError ? "" : "It cannot be shown"}</span>
        )}
        {hidden && small.data && (
          <Button
            size="compact-xs"
            variant="default"
            className={classes["reveal"] ?? ""}
            loading={reveal.isPending}
            onClick={() => (reveal.data ? reveal.reset() : reveal.mutate())}
          >
            {reveal.data ? "Hide" : "Reveal"}
          </Button>
        )}
      </div>
      <p className={classes["verdict"]}>
        <b>{judged ? capital(action) : "Not judged"}</b>
        {top?.[1] !== undefined && ` · ${categoryTitle(top[0] as keyof typeof scores)} ${shown(top[1])}`}
      </p>
      <p className={classes["key"]}>{key}</p>
      <p className={classes["quiet"]}>
        {[
          width === null ? null : `${width} × ${height}`,
          faces === null || faces === 0 ? null : faces === 1 ? "1 face" : `${faces} faces`,
          worst?.detector ?? null,
        ]
          .filter((part) => part !== null)
          .join(" · ")}
      </p>
      {captions.flatMap(({ reasons: [first], action: held, file }) =>
        first
          ? [
              <p key={file} className={classes["quiet"]}>
                Caption: {first.category === null ? "not judged" : categoryTitle(first.category)}, {held}
              </p>,
            ]
          : [],
      )}
      {problems.map(({ code, detail }) => (
        <p key={code} className={classes["quiet"]} title={capital(detail)}>
          {SCAN_PROBLEMS[code].title}
        </p>
      ))}
    </li>
  );
}
