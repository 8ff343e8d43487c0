import { dye, type Hex, lighter, recolour } from "../colour.ts";
import { ICON_BOX, type Icon } from "../icons.ts";
import { faceOf, type Sprite } from "../lexicon/lexicon.ts";
import { type Light, lit } from "../light.ts";
import { Random } from "../random.ts";
import { ALOFT, type Subject } from "../scene.ts";
import { ellipse, n, opacity, rect } from "../svg.ts";

/** A drawing in the icons' box, ready to be placed. */
export interface Figure {
  readonly body: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Spot {
  /** The middle of the figure. */
  readonly x: number;
  /** Where it touches the ground. */
  readonly y: number;
  readonly size: number;
  readonly mirrored: boolean;
  readonly tilt?: number;
}

/** How long a figure is in its longer direction decides its size: cars are wide. */
export function scaleOf(figure: Figure, size: number): number {
  return size / Math.max(figure.height, figure.width * 0.85);
}

export function place(figure: Figure, { x, y, size, mirrored, tilt = 0 }: Spot): string {
  const scale = scaleOf(figure, size);
  const middle = figure.left + figure.width / 2;
  const turn = tilt === 0 ? "" : ` rotate(${n(tilt)} ${n(middle)} ${n(figure.top + figure.height / 2)})`;
  const across = mirrored ? -scale : scale;
  const factor = (value: number) => Math.round(value * 10_000) / 10_000;
  return `<g transform="translate(${n(x - middle * across)} ${n(y - (figure.top + figure.height) * scale)}) scale(${factor(across)} ${factor(scale)})${turn}">${figure.body}</g>`;
}

export function shadow(figure: Figure, { x, y, size }: Spot, strength = 0.22): string {
  const half = figure.width * scaleOf(figure, size) * 0.42;
  return ellipse(x, y - half * 0.02, half, half * 0.17, "#10142a", opacity(strength));
}

export function coloured(icon: Icon, colour: Hex | undefined, light: Light, distance = 0): Figure {
  const change = colour === undefined ? (hex: Hex) => hex : dye(icon.main, colour);
  const plain = colour === undefined && light.strength === 0 && distance === 0;
  return { ...icon, body: plain ? icon.body : recolour(icon.body, (hex) => lit(light, change(hex), distance)) };
}

/** Every icon that a subject is drawn with. */
export function iconsOf(subject: Subject): readonly string[] {
  return [
    subject.sprite.icon,
    faceOf(subject.sprite).icon,
    ...subject.wears.map(({ icon }) => icon),
    ...(subject.holds ? [subject.holds.icon] : []),
    ...(subject.rides ? iconsOf(subject.rides) : []),
  ];
}

/** A subject with its body, its hat, and what it sits on. */
export function figureOf(
  subject: Subject,
  icons: ReadonlyMap<string, Icon>,
  light: Light,
  seed: number,
): Figure | undefined {
  const icon = icons.get(subject.sprite.icon);
  if (!icon) return undefined;
  const own = coloured(icon, subject.colour, light);
  const standing =
    subject.sprite.place === "head"
      ? withBody(subject, icon, own, light, seed)
      : { ...own, head: headOf(own, subject.sprite) };
  const dressed = subject.wears.reduce<Figure>(
    (figure, sprite) => wearing(figure, standing.head, icons.get(sprite.icon), sprite, light),
    standing,
  );
  const busy = subject.holds ? holding(dressed, subject.holds, icons.get(subject.holds.icon), light) : dressed;
  return subject.rides ? riding(busy, subject, subject.rides, icons, light, seed) : busy;
}

interface Head {
  readonly x: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const FRONTAL: ReadonlySet<string> = new Set([
  "penguin",
  "owl",
  "teddy-bear",
  "octopus",
  "snowman-without-snow",
  "ghost",
]);

/** Where the head is: known for faces and busts, guessed for animals, which look to the left. */
function headOf(figure: Figure, sprite: Sprite): Head {
  const { left, top, width, height } = figure;
  if (sprite.place === "bust") return { x: left + width * 0.5, top, width: width * 0.5, height: height * 0.56 };
  if (sprite.tags.includes("people")) return { x: left + width * 0.5, top, width: width * 0.5, height: height * 0.24 };
  if (FRONTAL.has(sprite.icon)) return { x: left + width * 0.5, top, width: width * 0.6, height: height * 0.42 };
  return { x: left + width * 0.28, top: top + height * 0.04, width: width * 0.42, height: height * 0.42 };
}

const BODIES: Readonly<Record<string, { body?: Hex; limbs?: Hex; belly?: Hex }>> = {
  panda: { body: "#f4f4f4", limbs: "#3b3560", belly: "#ffffff" },
  lion: { body: "#f0a742", belly: "#fbd58d" },
  koala: { belly: "#e3e3e8" },
  fox: { belly: "#fff1e0" },
  wolf: { body: "#8f9298", belly: "#e3e3e6" },
  raccoon: { belly: "#d9d9de" },
  frog: { belly: "#ffe08a" },
  "polar-bear": { body: "#e9ebef", limbs: "#d6dae1", belly: "#fbfbfc" },
  "cow-face": { body: "#f1f1f3", limbs: "#4b4b55", belly: "#ffd4d4" },
  alien: { body: "#84c441", belly: "#b4dd7c" },
  robot: { body: "#b9b4c7", limbs: "#8f8aa3", belly: "#6fd3ff" },
  "santa-claus": { body: "#d92b2b", limbs: "#3a2a2a", belly: "#ffffff" },
  "mrs-claus": { body: "#c8323f", limbs: "#3a2a2a", belly: "#ffffff" },
};
const SHIRTS = ["#3b82c4", "#d9534f", "#3f9d6b", "#8a5bb5", "#e08a2e", "#2f8f9d"] as const;

/** The icon set has only faces of some animals and of children: they get a small body, as a plush toy has. */
function withBody(subject: Subject, icon: Icon, face: Figure, light: Light, seed: number): Figure & { head: Head } {
  const { sprite, colour } = subject;
  const known = BODIES[sprite.icon];
  const person = sprite.tags.includes("people") && known === undefined;
  const shirt = new Random(seed, `shirt ${sprite.icon}`).pick(SHIRTS);
  const fur = colour ?? known?.body ?? (person ? shirt : icon.main);
  const main = lit(light, colour === undefined || person ? fur : dye(icon.main, colour)(icon.main));
  const limbs = lit(
    light,
    colour === undefined && known?.limbs ? known.limbs : person ? "#3d4a66" : lighter(fur, -0.12),
  );
  const belly = lit(light, colour === undefined && known?.belly ? known.belly : lighter(fur, 0.32));
  const arm = person ? lit(light, lighter(shirt, -0.14)) : limbs;

  const scale = 20.5 / Math.max(face.width, face.height);
  const [width, height] = [face.width * scale, face.height * scale];
  const top = 19.6 - height;
  const round = sprite.icon !== "robot";
  const trunk = round
    ? `${ellipse(16, 23.6, 6.2, 6.4, main)}${person ? "" : ellipse(16, 24.4, 4, 4.6, belly)}`
    : `${rect(9.8, 18.4, 12.4, 10.6, main, ' rx="2.4"')}${rect(12.6, 21, 6.8, 3.8, belly, ' rx="1"')}`;
  const parts =
    `${ellipse(11.9, 29.6, 3.3, 1.9, limbs)}${ellipse(20.1, 29.6, 3.3, 1.9, limbs)}${trunk}` +
    `${ellipse(9.9, 23.2, 1.9, 3.9, arm, ' transform="rotate(24 9.9 23.2)"')}${ellipse(22.1, 23.2, 1.9, 3.9, arm, ' transform="rotate(-24 22.1 23.2)"')}` +
    `<g transform="translate(${n(16 - (face.left + face.width / 2) * scale)} ${n(top - face.top * scale)}) scale(${Math.round(scale * 1_000) / 1_000})">${face.body}</g>`;
  const wide = Math.max(width, 15);
  return {
    body: parts,
    left: 16 - wide / 2,
    top,
    width: wide,
    height: 31.5 - top,
    head: { x: 16, top, width, height },
  };
}

function wearing(figure: Figure, head: Head, icon: Icon | undefined, sprite: Sprite, light: Light): Figure {
  if (!icon) return figure;
  const item = coloured(icon, undefined, light);
  const [share, height] = WORN[sprite.icon] ?? [0.62, 0.12];
  const width = head.width * share;
  const scale = width / item.width;
  const y = head.top + head.height * height;
  const body = `${figure.body}<g transform="translate(${n(head.x - (item.left + item.width / 2) * scale)} ${n(y - (item.top + item.height) * scale)}) scale(${Math.round(scale * 1_000) / 1_000})">${item.body}</g>`;
  const top = Math.min(figure.top, y - item.height * scale);
  return { ...figure, body, top, height: figure.height + figure.top - top };
}

/** Width beside the head's, and where its lower edge comes to lie in the head's height. */
const WORN: Readonly<Record<string, readonly [number, number]>> = {
  "top-hat": [0.62, 0.14],
  crown: [0.56, 0.1],
  "womans-hat": [0.9, 0.2],
  "billed-cap": [0.66, 0.2],
  "graduation-cap": [0.75, 0.22],
  sunglasses: [0.72, 0.58],
  glasses: [0.72, 0.6],
  headphone: [1.04, 0.72],
  scarf: [0.66, 1.2],
};

/** Beside the figure, as high as a hand; what flies, or keeps off the rain, reaches above the head. */
function holding(figure: Figure, sprite: Sprite, icon: Icon | undefined, light: Light): Figure {
  if (!icon) return figure;
  const item = coloured(icon, undefined, light);
  const aloft = ALOFT.has(sprite.icon);
  const size = figure.height * (aloft ? 0.66 : 0.42);
  const scale = size / Math.max(item.height, item.width);
  const x = figure.left + figure.width * 0.94;
  const y = figure.top + figure.height * (aloft ? 0.6 : 0.93);
  const body = `${figure.body}<g transform="translate(${n(x - (item.left + item.width * 0.3) * scale)} ${n(y - (item.top + item.height) * scale)}) scale(${Math.round(scale * 1_000) / 1_000})">${item.body}</g>`;
  const top = Math.min(figure.top, y - item.height * scale);
  const right = Math.max(figure.left + figure.width, x + item.width * 0.7 * scale);
  return { body, left: figure.left, top, width: right - figure.left, height: figure.top + figure.height - top };
}

/** Furniture and boards carry on top; animals, vehicles and boxes hide the legs of who rides them. */
const ON_TOP: ReadonlySet<string> = new Set([
  "skateboard",
  "chair",
  "bed",
  "couch-and-lamp",
  "sled",
  "kick-scooter",
  "bicycle",
  "rock",
  "wood",
  "turtle",
  "deciduous-tree",
  "evergreen-tree",
  "blossom-tree",
  "palm-tree",
  "cactus",
]);

function riding(
  rider: Figure,
  subject: Subject,
  carrier: Subject,
  icons: ReadonlyMap<string, Icon>,
  light: Light,
  seed: number,
): Figure {
  const below = figureOf(carrier, icons, light, seed);
  if (!below) return rider;
  const ratio = Math.min(
    1.05,
    Math.max(0.5, ((subject.sprite.size * subject.scale) / (carrier.sprite.size * carrier.scale)) ** 0.7),
  );
  const scale =
    ((Math.max(below.height, below.width * 0.85) * ratio * 0.86) / Math.max(rider.height, rider.width * 0.85)) *
    (subject.count > 1 ? 0.76 : 1);
  const front = ON_TOP.has(carrier.sprite.icon);
  const sunk = front
    ? below.height * (carrier.sprite.size > 1.5 ? 0.16 : carrier.sprite.size > 0.7 ? 0.42 : 0.12)
    : Math.max(below.height * 0.3, rider.height * scale * 0.26);
  const y = below.top + sunk;
  const riders = Math.min(3, subject.count);
  const apart = (below.width / (riders + 0.6)) * 0.85;
  const middle = below.left + below.width * 0.52;
  const moved = Array.from({ length: riders }, (_, i) => {
    const x = middle + (i - (riders - 1) / 2) * apart - (rider.left + rider.width / 2) * scale;
    return `<g transform="translate(${n(x)} ${n(y - (rider.top + rider.height) * scale)}) scale(${Math.round(scale * 1_000) / 1_000})">${rider.body}</g>`;
  }).join("");
  const top = Math.min(below.top, y - rider.height * scale);
  return {
    body: front ? below.body + moved : moved + below.body,
    left: Math.min(below.left, middle - (rider.width * scale) / 2),
    top,
    width: Math.max(below.width, rider.width * scale),
    height: Math.min(ICON_BOX * 3, below.top + below.height - top),
  };
}
