import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { PlaygroundPage } from "./playground/PlaygroundPage.tsx";
import { NotFound } from "./shell/NotFound.tsx";
import { Shell } from "./shell/Shell.tsx";

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const playgroundRoute = createRoute({ getParentRoute: () => rootRoute, path: "/", component: PlaygroundPage });

const generationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/generations/$id",
  component: lazyRouteComponent(() => import("./generation/GenerationPage.tsx"), "GenerationPage"),
});

const scansRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/scans",
  component: lazyRouteComponent(() => import("./scans/ScansPage.tsx"), "ScansPage"),
});

const scanRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/scans/$id",
  component: lazyRouteComponent(() => import("./scans/ScanPage.tsx"), "ScanPage"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([playgroundRoute, generationRoute, scansRoute, scanRoute]),
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
