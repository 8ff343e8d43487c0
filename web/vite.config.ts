import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** `npm run dev -w web` beside a running Safelight: SAFELIGHT_URL says where it listens. */
const server = process.env["SAFELIGHT_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2023",
    // The page is served under a content security policy without `data:` scripts or fonts.
    assetsInlineLimit: 0,
    rolldownOptions: {
      treeshake: {
        // The contract's schemas stay on the server: the page imports its types and its plain helpers.
        manualPureFunctions: ["z"],
      },
      output: {
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ },
            { name: "tanstack", test: /node_modules[\\/]@tanstack[\\/]/ },
            { name: "mantine", test: /node_modules[\\/](@mantine|@floating-ui)[\\/]/ },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(["/api", "/docs", "/openapi.json"].map((path) => [path, { target: server }])),
  },
});
