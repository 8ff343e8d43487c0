import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import classes from "./Shell.module.css";

export function NotFound() {
  return (
    <div className={classes["missing"]}>
      <h1>There is no such page</h1>
      <p>
        The <Anchor renderRoot={(props) => <Link {...props} to="/" />}>playground</Anchor> is a good place to start.
      </p>
    </div>
  );
}
