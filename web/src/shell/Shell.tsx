import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { infoQuery } from "../api/queries.ts";
import { KeyDialog } from "./KeyDialog.tsx";
import { Logo } from "./Logo.tsx";
import classes from "./Shell.module.css";
import { ThemeToggle } from "./ThemeToggle.tsx";

/** The screens there are, in the order of the header. A new screen is one line here and one route. */
const SCREENS = [
  { to: "/", label: "Playground", exact: true },
  { to: "/scans", label: "Data sets", exact: false },
] as const;

export function Shell() {
  const info = useQuery(infoQuery);
  return (
    <>
      <a href="#main" className={classes["skip"]}>
        Skip to the content
      </a>
      <header className={classes["header"]}>
        <div className={classes["bar"]}>
          <Link to="/" className={classes["brand"]} aria-label="Safelight, to the playground">
            <Logo />
            <span>Safelight</span>
          </Link>
          <nav aria-label="Screens" className={classes["nav"]}>
            {SCREENS.map((screen) => (
              <Link key={screen.to} to={screen.to} className={classes["link"]} activeOptions={{ exact: screen.exact }}>
                {screen.label}
              </Link>
            ))}
          </nav>
          <div className={classes["side"]}>
            {info.data && <span className={classes["version"]}>v{info.data.version}</span>}
            <a href="/docs" className={classes["link"]}>
              API
            </a>
            <ThemeToggle />
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1} className={classes["main"]}>
        <Outlet />
      </main>
      <KeyDialog />
    </>
  );
}
