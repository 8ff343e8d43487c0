import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { OPENAPI } from "./openapi.ts";
import type { App } from "./types.ts";

const ASSETS = {
  "swagger-ui.css": "text/css; charset=utf-8",
  "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
} as const;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Safelight API</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#docs", deepLinking: true, tryItOutEnabled: true });\n`;

/** The OpenAPI document, and a page for people that shows it without any network but this server. */
export function docsRoutes(app: App): void {
  const description = "A key of safelight.yaml, where there are any.";
  app.openAPIRegistry.registerComponent("securitySchemes", "key", { type: "http", scheme: "bearer", description });
  app.doc31("/openapi.json", OPENAPI);
  app.get("/docs", (c) => c.html(PAGE));
  app.get("/docs/start.js", (c) => c.body(START, 200, { "Content-Type": "text/javascript; charset=utf-8" }));
  const folder = dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  for (const [name, type] of Object.entries(ASSETS)) {
    app.get(`/docs/${name}`, async (c) =>
      c.body(await readFile(join(folder, name)), 200, {
        "Content-Type": type,
        "Cache-Control": "public, max-age=86400",
      }),
    );
  }
}
