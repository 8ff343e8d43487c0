import { IconEyeCheck, IconMessageSearch, IconPhoto } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { infoQuery } from "../api/queries.ts";
import { StandIn } from "../result/StandIn.tsx";
import classes from "./EmptyState.module.css";
import { Tray } from "./Tray.tsx";

const STEPS = [
  {
    Icon: IconMessageSearch,
    title: "The prompt is checked",
    text: "Words and meaning, against the policy you choose.",
  },
  { Icon: IconPhoto, title: "The picture is made", text: "With the policy's negative prompt added to yours." },
  {
    Icon: IconEyeCheck,
    title: "The picture is checked",
    text: "Shown, blurred, made again or held, with the reasons.",
  },
] as const;

export function EmptyState() {
  const info = useQuery(infoQuery);
  const notice = info.data?.generators.find((it) => it.name === info.data.default_generator)?.notice;
  return (
    <section className={classes["empty"]} aria-label="Nothing generated yet">
      <Tray />
      <h2 className={classes["title"]}>Nothing in the tray yet</h2>
      <p className={classes["lead"]}>Write a prompt, or pick an example, and watch every check as it happens.</p>
      <ol className={classes["steps"]}>
        {STEPS.map(({ Icon, title, text }) => (
          <li key={title}>
            <Icon size={20} stroke={1.6} className={classes["icon"]} aria-hidden="true" />
            <strong>{title}</strong>
            <span>{text}</span>
          </li>
        ))}
      </ol>
      {notice && <StandIn notice={notice} />}
    </section>
  );
}
