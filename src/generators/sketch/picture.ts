import type { Icon, IconSet } from "./icons.ts";
import { lightOf } from "./light.ts";
import { backdrop } from "./paint/backdrop.ts";
import { shownSubjects, things } from "./paint/compose.ts";
import { DRAWN } from "./paint/drawn.ts";
import { iconsOf } from "./paint/figure.ts";
import { layOut, UNIT } from "./paint/paper.ts";
import { type Decoration, PLANS, type Ridge } from "./paint/settings.ts";
import { weather } from "./paint/weather.ts";
import { Random } from "./random.ts";
import type { Scene } from "./scene.ts";

/** Draws a scene as SVG elements that fill exactly this size in pixels. */
export async function drawPicture(
  scene: Scene,
  size: { width: number; height: number },
  seed: number,
  icons: IconSet,
): Promise<string> {
  const plan = PLANS[scene.setting];
  const light = lightOf(scene, new Random(seed, "light"));
  const paper = layOut(size, plan, scene, light, seed);
  const decorations = seasonal(scene, plan.decorations).filter(({ icon, tags }) => !refused(scene, icon, tags));
  const wanted = [...shownSubjects(scene).flatMap(iconsOf), ...decorations.map(({ icon }) => icon)];
  const drawings: ReadonlyMap<string, Icon> = await icons.get(wanted, DRAWN);
  const scale = Math.min(size.width, size.height) / UNIT;
  const picture = backdrop(paper, distance(scene, plan.ridges)) + things(paper, drawings, decorations) + weather(paper);
  return `<g transform="scale(${scale})">${picture}</g>`;
}

function refused(scene: Scene, icon: string, tags: readonly string[]): boolean {
  const asked = scene.subjects.some(({ sprite }) => sprite.icon === icon);
  return asked || scene.without.icons.has(icon) || tags.some((tag) => scene.without.tags.has(tag));
}

/** A second setting that was named closes the view: mountains behind a lake. */
function distance(scene: Scene, own: readonly Ridge[]): readonly Ridge[] {
  const further = scene.behind.flatMap((setting): readonly Ridge[] => {
    const ridge = PLANS[setting].ridges[0];
    return ridge === undefined || own.some(({ kind }) => kind === ridge.kind) ? [] : [ridge];
  });
  return [...further, ...own]
    .filter(
      ({ kind }) =>
        !(scene.without.tags.has("tree") && (kind === "trees" || kind === "leafy")) &&
        !(scene.without.tags.has("building") && kind === "skyline"),
    )
    .toSorted((a, b) => b.distance - a.distance);
}

const IN_WINTER: Readonly<Record<string, string>> = { "deciduous-tree": "snowy-pine", "evergreen-tree": "snowy-pine" };
const IN_AUTUMN: Readonly<Record<string, string>> = { "deciduous-tree": "autumn-tree" };
const IN_SPRING: Readonly<Record<string, string>> = { "deciduous-tree": "blossom-tree" };

function seasonal({ season }: Scene, decorations: readonly Decoration[]): readonly Decoration[] {
  const change =
    season === "winter" ? IN_WINTER : season === "autumn" ? IN_AUTUMN : season === "spring" ? IN_SPRING : {};
  return decorations.flatMap((decoration) => {
    if (
      season === "winter" &&
      (decoration.tags.includes("flower") || decoration.icon === "mushroom" || decoration.icon === "bush")
    )
      return [];
    return [{ ...decoration, icon: change[decoration.icon] ?? decoration.icon }];
  });
}

/** Every icon that scenery is made of. */
export function iconsOfScenery(): readonly string[] {
  return Object.values(PLANS).flatMap(({ decorations }) => decorations.map(({ icon }) => icon));
}
