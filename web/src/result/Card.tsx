import { type ReactNode, useId } from "react";
import classes from "./Card.module.css";

interface CardProps {
  readonly title: string;
  /** At the right end of the title's line. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

export function Card({ title, aside, children }: CardProps) {
  const id = useId();
  return (
    <section className={classes["card"]} aria-labelledby={id}>
      <div className={classes["head"]}>
        <h2 id={id} className={classes["title"]}>
          {title}
        </h2>
        {aside && <div className={classes["aside"]}>{aside}</div>}
      </div>
      {children}
    </section>
  );
}
