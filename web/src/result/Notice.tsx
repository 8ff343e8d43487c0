import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./Notice.module.css";
import type { Tone } from "./outcome.ts";

interface NoticeProps {
  readonly tone: Tone;
  readonly title: string;
  readonly children: ReactNode;
}

export function Notice({ tone, title, children }: NoticeProps) {
  const Icon = tone === "unknown" ? IconInfoCircle : IconAlertTriangle;
  return (
    <div className={classes["notice"]} data-tone={tone} role={tone === "block" ? "alert" : undefined}>
      <Icon size={18} stroke={1.8} className={classes["icon"]} aria-hidden="true" />
      <div>
        <strong className={classes["title"]}>{title}</strong>
        <div className={classes["text"]}>{children}</div>
      </div>
    </div>
  );
}
