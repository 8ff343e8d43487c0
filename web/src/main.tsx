import "./mantine.css";
import "./global.css";
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { problemOf } from "./api/problem.ts";
import { router } from "./router.tsx";
import { SessionProvider } from "./run/SessionProvider.tsx";
import { cssVariables, theme } from "./theme.ts";

/** Who was refused has been asked for a key already. */
function againOnce(failures: number, error: Error): boolean {
  return failures < 1 && problemOf(error).code !== "unauthorized";
}

const queries = new QueryClient({
  defaultOptions: { queries: { retry: againOnce, staleTime: 60_000, refetchOnWindowFocus: false } },
});

// public/assets/color-scheme-1.js reads the same key before the first paint.
const colorScheme = localStorageColorSchemeManager({ key: "safelight-color-scheme" });

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={colorScheme}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={queries}>
        <SessionProvider>
          <RouterProvider router={router} />
        </SessionProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
