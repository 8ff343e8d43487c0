import type { Hex } from "../colour.ts";
import type { Icon } from "../icons.ts";
import { faceOf } from "../lexicon/lexicon.ts";
import { lit } from "../light.ts";
import { Random } from "../random.ts";
import type { Subject } from "../scene.ts";
import { ellipse, opacity } from "../svg.ts";
import { coloured, type Figure, figureOf, place, type Spot, scaleOf, shadow } from "./figure.ts";
import type { Paper } from "./paper.ts";
import type { Decoration } from "./settings.ts";
import { cloud } from "./sky.ts";
import { groundColours } from "./soil.ts";
import { waterColour } from "./waters.ts";

const MOST_FIGURES = 18;

interface Placed {
  readonly figure: Figure;
  readonly spot: Spot;
  /** Drawn before (negative) or after what stands at the same line. */
  readonly order: number;
  readonly svg: string;
}

type Manner = "ground" | "water" | "air" | "edge";

interface Unit {
  readonly subject: Subject;
  readonly figure: Figure;
  readonly manner: Manner;
}

/** Things and scenery, from far to near. */
export function things(paper: Paper, icons: ReadonlyMap<string, Icon>, decorations: readonly Decoration[]): string {
  const subjects = placeSubjects(paper, icons);
  const scenery = decorations.flatMap((decoration) => placeDecoration(paper, icons, decoration, subjects));
  return [...scenery, ...subjects]
    .toSorted((a, b) => a.order - b.order)
    .map(({ svg }) => svg)
    .join("");
}

/** The subjects as they are drawn: a portrait shows the face. */
export function shownSubjects({ subjects, closeUp }: Paper["scene"]): readonly Subject[] {
  return closeUp ? subjects.map((subject) => ({ ...subject, sprite: faceOf(subject.sprite) })) : subjects;
}

function placeSubjects(paper: Paper, icons: ReadonlyMap<string, Icon>): readonly Placed[] {
  const { scene, light, seed } = paper;
  const units = shownSubjects(scene).flatMap((subject) => {
    const figure = figureOf(subject, icons, light, seed);
    return figure
      ? Array.from(
          { length: subject.rides ? subject.rides.count : subject.count },
          (): Unit => ({ subject, figure, manner: mannerOf(subject, paper) }),
        )
      : [];
  });
  const shown = units.slice(0, MOST_FIGURES);
  const largest = Math.max(0.3, ...shown.map(({ subject }) => sizeOf(subject)));
  const weight = shown.reduce((sum, { subject }) => sum + (subject.sprite.tags.includes("flower") ? 0.3 : 1), 0);
  const mixed = weight !== shown.length && shown.some(({ subject }) => !subject.sprite.tags.includes("flower"));
  const random = new Random(seed, "places");
  return (["ground", "water", "air", "edge"] as const).flatMap((manner) => {
    const group = shown.filter((unit) => unit.manner === manner);
    const alone = group.length === shown.length;
    return group.length === 0
      ? []
      : arrange(paper, group, manner, { largest, all: shown.length, weight, alone, mixed }, random);
  });
}

/** What carries a rider decides where both are. */
function sizeOf({ sprite, scale, rides }: Subject): number {
  return Math.max(sprite.size * scale, rides ? rides.sprite.size * rides.scale * 1.25 : 0);
}

function mannerOf(subject: Subject, { plan, water }: Paper): Manner {
  const { place: own } = subject.rides?.sprite ?? subject.sprite;
  if (plan.stage === "space" && plan.texture === "none") return own === "bust" ? "edge" : "air";
  if (own === "space") return "air";
  if (own === "fly") return plan.stage === "table" || plan.stage === "room" ? "ground" : "air";
  if (plan.stage === "sky" && own !== "bust") return "ground";
  if (plan.stage === "underwater") return own === "swim" ? "air" : own === "bust" ? "edge" : "ground";
  if (own === "float" || own === "swim") return water ? "water" : "ground";
  return own === "bust" ? "edge" : "ground";
}

interface Company {
  readonly largest: number;
  readonly all: number;
  /** How many, where flowers count little. */
  readonly weight: number;
  /** Flowers and other things. */
  readonly mixed: boolean;
  /** Nothing is placed in another manner. */
  readonly alone: boolean;
}

function arrange(
  paper: Paper,
  units: readonly Unit[],
  manner: Manner,
  company: Company,
  random: Random,
): readonly Placed[] {
  const { width, height, scene } = paper;
  const crowd = Math.max(1, (company.weight * 512) / width);
  const stage = scene.closeUp ? 0.64 : paper.plan.stage === "table" ? 0.56 : 0.5;
  const tall = Math.min(1.35, Math.max(1, height / width));
  const base = 512 * stage * tall * crowd ** -0.46 * Math.min(1.25, Math.max(0.9, company.largest ** 0.35));
  const slots = slotsFor(units.length, width, random);
  const back = (unit: Unit) => unit.subject.sprite.tags.some((tag) => tag === "building" || tag === "tree");
  return units.map((unit, i) => {
    const flower = company.mixed && unit.subject.sprite.tags.includes("flower") ? 0.6 : 1;
    const size = Math.min(height * 0.74, base * flower * (sizeOf(unit.subject) / company.largest) ** 0.7);
    const share = slots[i] ?? 0.5;
    const lone = units.length === 1;
    const depth = back(unit)
      ? company.all === 1
        ? 0.4
        : random.between(0.04, 0.2)
      : lone
        ? random.between(0.66, 0.82)
        : stagger(i, units.length, random);
    const mirrored = random.chance(0.5);
    const nudge = random.between(-0.3, 0.3);
    const spot = { x: width * share, mirrored, size };
    switch (manner) {
      case "ground":
        return onGround(paper, unit, spot, depth);
      case "water":
        return onWater(paper, unit, spot, depth);
      case "air":
        return inAir(paper, unit, spot, { company, i, of: units.length, nudge }, random);
      case "edge":
        return atEdge(
          paper,
          unit,
          { ...spot, size: Math.min(height * 0.7, Math.max(size * 1.3, 200 * crowd ** -0.4)) },
          i,
        );
      default:
        return manner satisfies never;
    }
  });
}

/** Evenly spread with some disorder, the first nearest to the middle; one alone stands a little aside. */
function slotsFor(count: number, width: number, random: Random): readonly number[] {
  if (count === 1) return [0.5 + random.between(-0.13, 0.13)];
  const margin = Math.min(0.16, 90 / width);
  const step = (1 - 2 * margin) / count;
  return Array.from({ length: count }, (_, i) => margin + step * (i + 0.5 + random.between(-0.16, 0.16))).toSorted(
    (a, b) => Math.abs(a - 0.5) - Math.abs(b - 0.5),
  );
}

function stagger(i: number, count: number, random: Random): number {
  const rows = count > 8 ? 3 : 2;
  return Math.min(0.97, 0.36 + (0.56 * ((i * 2 + 1) % (rows + 1))) / rows + random.between(-0.06, 0.06));
}

function near(depth: number): number {
  return 0.56 + 0.44 * depth;
}

type Loose = Omit<Spot, "y">;

function onGround(paper: Paper, unit: Unit, loose: Loose, depth: number): Placed {
  const [from, to] = paper.ground;
  const size = loose.size * near(depth);
  const spot = { ...loose, size, y: from + (to - from) * depth };
  const { figure } = unit;
  const under = stand(paper, figure, spot);
  return { figure, spot, order: spot.y, svg: `${under}${place(figure, spot)}` };
}

/** What is beneath something that stands: its shadow, and ground where there is none. */
function stand(paper: Paper, figure: Figure, spot: Spot): string {
  const half = figure.width * scaleOf(figure, spot.size) * 0.5;
  if (paper.plan.stage === "sea") {
    const [sand] = groundColours({ ...paper, plan: { ...paper.plan, ground: ["#f3dca3", "#e2bf7c"] } });
    return `${ellipse(spot.x, spot.y + half * 0.1, half * 1.75, half * 0.42, "#ffffff", opacity(0.5))}${ellipse(spot.x, spot.y + half * 0.06, half * 1.6, half * 0.36, sand)}${shadow(figure, spot)}`;
  }
  if (paper.plan.stage === "sky")
    return cloud(spot.x, spot.y + half * 0.2, half * 3, paper.light.cloud, new Random(paper.seed, `under ${spot.x}`));
  return shadow(figure, spot, paper.plan.stage === "underwater" ? 0.14 : 0.22);
}

function onWater(paper: Paper, unit: Unit, loose: Loose, depth: number): Placed {
  const [from, to] = paper.water ?? paper.ground;
  const { figure } = unit;
  const size = loose.size * near(depth);
  const x = paper.plan.stage === "river" ? paper.width * (0.5 + (loose.x / paper.width - 0.5) * 0.4) : loose.x;
  const spot = { ...loose, x, size, y: from + (to - from) * depth };
  const half = figure.width * scaleOf(figure, size) * 0.5;
  const afloat = { ...figure, body: figure.body.replaceAll(ownWater(paper), waterColour(paper)) };
  const line = afloat.body === figure.body ? spot.y : spot.y - size * 0.11;
  const ripple = `${ellipse(x, line - half * 0.02, half * 1.1, half * 0.12, "#ffffff", opacity(0.38))}${ellipse(x, line + half * 0.05, half * 0.95, half * 0.08, "#0b4f80", opacity(0.3))}`;
  return { figure, spot, order: spot.y, svg: `${ripple}${place(afloat, spot)}` };
}

/** Boats are drawn with a piece of water, which takes the colour of the water they are in. */
function ownWater({ light }: Paper): Hex {
  return lit(light, "#00a6ed");
}

function inAir(
  paper: Paper,
  unit: Unit,
  loose: Loose,
  { company, i, of, nudge }: { company: Company; i: number; of: number; nudge: number },
  random: Random,
): Placed {
  const { height, horizon, plan } = paper;
  const { figure } = unit;
  const free = plan.stage === "space" && plan.texture === "none";
  const deep = plan.stage === "underwater";
  const room = free ? [0.3, 0.8] : deep ? [0.26, 0.74] : company.alone ? [0.3, 0.62] : [0.14, 0.36];
  const [high = 0.2, low = 0.6] = room;
  const floor = free || deep || company.alone ? height : Math.max(horizon, height * 0.5);
  const level =
    of === 1
      ? (high + low) / 2 + nudge * 0.14
      : high + (low - high) * (((i * 0.618 + 0.3) % 1) * 0.9 + random.between(0, 0.1));
  const size = Math.min(loose.size * (company.alone ? 1 : 0.72), floor * 0.7);
  const spot = { ...loose, size, y: Math.max(size * 1.02, floor * level + size * 0.5), tilt: free ? nudge * 60 : 0 };
  return { figure, spot, order: deep ? spot.y : horizon - 1 + i * 0.01, svg: place(figure, spot) };
}

function atEdge(paper: Paper, unit: Unit, loose: Loose, i: number): Placed {
  const { figure } = unit;
  const spot = { ...loose, y: paper.height + 2 };
  return { figure, spot, order: paper.height + i, svg: place(figure, spot) };
}

function placeDecoration(
  paper: Paper,
  icons: ReadonlyMap<string, Icon>,
  decoration: Decoration,
  subjects: readonly Placed[],
): readonly Placed[] {
  const { width, height, scene, light, seed, plan, horizon } = paper;
  const icon = icons.get(decoration.icon);
  if (!icon) return [];
  const random = new Random(seed, `scenery ${decoration.icon}`);
  const wide = Math.min(5, Math.max(1, width / 512));
  const count = Math.round(decoration.count * wide * random.between(0.7, 1.25));
  const base = 512 * 0.17;
  return Array.from({ length: count }, () => {
    const depth = random.between(...decoration.depth);
    const [from, to] =
      decoration.where === "water"
        ? (paper.water ?? paper.ground)
        : decoration.where === "air"
          ? [height * 0.15, horizon * 0.9]
          : paper.ground;
    const y = from + (to - from) * depth;
    const size = Math.min(height * 0.5, base * decoration.size * near(depth) * random.between(0.85, 1.15));
    const distance = plan.stage === "room" ? 0 : (1 - depth) * 0.16;
    const figure = coloured(icon, undefined, light, distance);
    const mirrored = random.chance(0.5);
    for (let attempt = 0; attempt < 8; attempt++) {
      const share =
        decoration.where === "sides" && wide < 1.5
          ? random.chance(0.5)
            ? random.between(0.02, 0.3)
            : random.between(0.7, 0.98)
          : random.next();
      const spot = { x: width * share, y, size, mirrored };
      if (subjects.some((subject) => hides(figure, spot, subject))) continue;
      const ground = decoration.where === undefined || decoration.where === "sides" ? shadow(figure, spot, 0.16) : "";
      return { figure, spot, order: y - 0.5, svg: `${ground}${place(figure, spot)}` };
    }
    return undefined;
  }).filter((placed) => placed !== undefined && !(scene.closeUp && placed.spot.y > height * 0.8)) as Placed[];
}

/** Whether scenery at this spot would cover a subject, or stick out from behind its middle. */
function hides(figure: Figure, spot: Spot, subject: Placed): boolean {
  const half = (figure.width * scaleOf(figure, spot.size)) / 2;
  const other = (subject.figure.width * scaleOf(subject.figure, subject.spot.size)) / 2;
  const apart = Math.abs(spot.x - subject.spot.x);
  const above = subject.spot.y - subject.spot.size > spot.y;
  if (above) return false;
  return spot.y > subject.spot.y
    ? apart < half + other * 0.9 && spot.y - spot.size < subject.spot.y
    : apart < other * 0.8 + half * 0.6;
}
