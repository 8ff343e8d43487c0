import type { Timings as Values } from "../../../src/contract/generation.ts";
import { milliseconds, percent } from "./format.ts";
import classes from "./Timings.module.css";

export function Timings({ timings }: { readonly timings: Values }) {
  const facts = [
    ["Prompt checks", milliseconds(timings.prompt_ms)],
    ["Generator", milliseconds(timings.generation_ms)],
    ["Picture checks", milliseconds(timings.image_ms)],
    ["Total", milliseconds(timings.total_ms)],
    ["Moderation's share", percent(timings.moderation_share)],
  ] as const;
  return (
    <dl className={classes["timings"]}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
