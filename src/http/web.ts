import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { serveStatic } from "@hono/node-server/serve-static";
import type { App } from "./types.ts";

const DIST = fileURLToPath(new URL("../../web/dist", import.meta.url));

/** The console, built by Vite into `web/dist`. Its own addresses all answer the one page. */
export async function webRoutes(app: App): Promise<void> {
  const built = await access(`${DIST}/index.html`).then(
    () => true,
    () => false,
  );
  if (!built) {
    app.get("/", (c) => c.text("The console is not built. Run: npm run build:web\nThe API is at /docs.\n", 404));
    return;
  }
  const page = serveStatic({
    root: DIST,
    path: "index.html",
    onFound: (_path, c) => c.header("Cache-Control", "no-cache"),
  });
  app.get("/", page);
  for (const path of ["/generations/:id", "/scans", "/scans/:id"]) app.get(path, page);
  app.get(
    "/assets/*",
    serveStatic({
      root: DIST,
      onFound: (_path, c) => c.header("Cache-Control", "public, max-age=31536000, immutable"),
    }),
  );
  app.get("/:file{[a-z0-9-]+\\.(?:svg|png|ico|webmanifest|txt)}", serveStatic({ root: DIST }));
}
