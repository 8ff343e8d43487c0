import { Anchor } from "@mantine/core";
import {
  IconAlertTriangle,
  IconBan,
  IconCircleCheck,
  IconEyeOff,
  IconHandStop,
  IconInfoCircle,
  IconLink,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";
import { milliseconds, percent } from "./format.ts";
import { type Tone, verdictOf } from "./outcome.ts";
import classes from "./VerdictBanner.module.css";

const ICONS: Readonly<Record<Tone, typeof IconBan>> = {
  allow: IconCircleCheck,
  warn: IconAlertTriangle,
  blur: IconEyeOff,
  review: IconHandStop,
  block: IconBan,
  unknown: IconInfoCircle,
};

interface VerdictBannerProps {
  readonly answer: GenerationAnswer;
  readonly permalink: boolean;
}

export function VerdictBanner({ answer, permalink }: VerdictBannerProps) {
  const { tone, title, detail } = verdictOf(answer);
  const Icon = ICONS[tone];
  const { policy, timings } = answer;
  return (
    <section className={classes["banner"]} data-tone={tone} aria-label="Decision" data-testid="verdict">
      <Icon size={26} stroke={1.7} className={classes["icon"]} aria-hidden="true" />
      <div className={classes["text"]}>
        <h2 className={classes["title"]}>{title}</h2>
        <p className={classes["detail"]}>{detail}</p>
        <ul className={classes["facts"]}>
          <li>
            Policy {policy.name} {policy.version}
          </li>
          <li>Generator {answer.generator}</li>
          <li>{milliseconds(timings.total_ms)}</li>
          <li>moderation {percent(timings.moderation_share)}</li>
          {answer.cost.amount > 0 && (
            <li>
              {answer.cost.amount.toFixed(4)} {answer.cost.currency}
            </li>
          )}
          {permalink && (
            <li>
              <Anchor
                inherit
                renderRoot={(props) => <Link {...props} to="/generations/$id" params={{ id: answer.id }} />}
              >
                <IconLink size={14} className={classes["link"]} aria-hidden="true" /> Permalink
              </Anchor>
            </li>
          )}
        </ul>
      </div>
    </section>
  );
}
