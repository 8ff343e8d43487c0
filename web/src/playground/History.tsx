import { Tooltip, UnstyledButton } from "@mantine/core";
import { IconBan, IconClock, IconHandStop, IconPhotoOff } from "@tabler/icons-react";
import { KINDS, pictureKind, type Tone, verdictOf } from "../result/outcome.ts";
import { pictureSource } from "../result/pictures.ts";
import { isUnderWay, type Run } from "../run/run.ts";
import classes from "./History.module.css";

interface HistoryProps {
  readonly runs: readonly Run[];
  readonly shown: number | null;
  readonly onShow: (key: number) => void;
}

/** This tab's generations, the newest first. One alone is on screen anyway. */
export function History({ runs, shown, onShow }: HistoryProps) {
  if (runs.length < 2) return null;
  return (
    <ul aria-label="Generations of this session" className={classes["strip"]}>
      {runs.map((run) => {
        const { tone, title } = summary(run);
        return (
          <li key={run.key}>
            <Tooltip label={`${title}: ${run.request.prompt}`}>
              <UnstyledButton
                className={classes["thumb"]}
                data-tone={tone}
                aria-label={`${title}: ${run.request.prompt}`}
                aria-current={run.key === shown}
                onClick={() => onShow(run.key)}
              >
                <Thumbnail run={run} />
              </UnstyledButton>
            </Tooltip>
          </li>
        );
      })}
    </ul>
  );
}

function Thumbnail({ run }: { readonly run: Run }) {
  const { answer } = run;
  const source = answer?.images.map((picture) => pictureSource(answer.id, picture)).find((it) => it !== null);
  if (source) return <img src={source} alt="" className={classes["image"]} />;
  if (isUnderWay(run)) return <IconClock size={20} stroke={1.6} />;
  if (answer?.state === "refused") return <IconBan size={20} stroke={1.6} />;
  if (answer?.action === "review") return <IconHandStop size={20} stroke={1.6} />;
  return <IconPhotoOff size={20} stroke={1.6} />;
}

function summary(run: Run): { readonly tone: Tone; readonly title: string } {
  if (run.answer) {
    const verdict = verdictOf(run.answer);
    const [only, ...more] = run.answer.images;
    const kind = only && more.length === 0 ? KINDS[pictureKind(run.answer, only)] : undefined;
    return { tone: verdict.tone, title: kind?.title ?? verdict.title };
  }
  if (isUnderWay(run)) return { tone: "unknown", title: "Under way" };
  return { tone: "unknown", title: run.phase === "cancelled" ? "Cancelled" : "Failed" };
}
