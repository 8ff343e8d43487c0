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

export const router = createRouter({
  routeTree: rootRoute.addChildren([playgroundRoute, generationRoute]),
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
