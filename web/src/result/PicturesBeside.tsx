import type { ReactNode } from "react";
import classes from "./PicturesBeside.module.css";

interface PicturesBesideProps {
  /** How many pictures. One alone leaves room beside it. */
  readonly count: number;
  /** The pictures, if any, and then what explains them. */
  readonly children: ReactNode;
}

export function PicturesBeside({ count, children }: PicturesBesideProps) {
  return (
    <div className={classes["layout"]} data-alone={count === 1}>
      {children}
    </div>
  );
}
