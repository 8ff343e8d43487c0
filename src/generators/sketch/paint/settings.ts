import type { Hex } from "../colour.ts";
import type { SettingName } from "../lexicon/words.ts";

/** How the paper is laid out: what is ground, what is water. */
export type Stage =
  | "land"
  | "street"
  | "shore"
  | "lake"
  | "river"
  | "sea"
  | "underwater"
  | "space"
  | "sky"
  | "room"
  | "table"
  | "abstract";

export interface Ridge {
  readonly kind: "mountains" | "hills" | "trees" | "leafy" | "skyline" | "dunes" | "mesas";
  readonly colour: Hex;
  /** As a share of the smaller side. */
  readonly height: number;
  /** 1 at the end of the world. */
  readonly distance: number;
}

/** Scenery that nobody asked for, but that belongs there. */
export interface Decoration {
  readonly icon: string;
  readonly size: number;
  readonly count: number;
  /** From where to where it stands: 0 at the horizon, 1 at the lower edge. */
  readonly depth: readonly [number, number];
  readonly tags: readonly string[];
  /** `sides`: leaves the middle to the subjects. `air` and `water` instead of the ground. */
  readonly where?: "sides" | "air" | "water";
}

export interface Plan {
  readonly stage: Stage;
  /** Height of the horizon from the top, as a share of the whole. */
  readonly horizon: number;
  /** Far and near. */
  readonly ground: readonly [Hex, Hex];
  readonly texture: "grass" | "flowers" | "sand" | "snow" | "leaves" | "craters" | "none";
  readonly ridges: readonly Ridge[];
  readonly decorations: readonly Decoration[];
}

const TREE = ["tree", "plant"];
const FLOWER = ["flower", "plant"];
const ROCK = ["rock"];

function trees(icon: string, count: number, size = 1.9, depth: readonly [number, number] = [0.05, 0.5]): Decoration {
  return { icon, size, count, depth, tags: TREE, where: "sides" };
}
function flowers(icon: string, count: number, size = 0.4): Decoration {
  return { icon, size, count, depth: [0.45, 1], tags: FLOWER };
}
function thing(
  icon: string,
  size: number,
  count: number,
  depth: readonly [number, number],
  tags: readonly string[],
): Decoration {
  return { icon, size, count, depth, tags, where: "sides" };
}

const HILLS: readonly Ridge[] = [
  { kind: "hills", colour: "#6fae6a", height: 0.16, distance: 0.55 },
  { kind: "hills", colour: "#63a852", height: 0.09, distance: 0.3 },
];
const PEAKS: Ridge = { kind: "mountains", colour: "#5f7396", height: 0.34, distance: 0.6 };
const WOODS: Ridge = { kind: "trees", colour: "#2f6b4a", height: 0.17, distance: 0.35 };

const meadow: Plan = {
  stage: "land",
  horizon: 0.6,
  ground: ["#a5d26b", "#5fa844"],
  texture: "flowers",
  ridges: HILLS,
  decorations: [trees("deciduous-tree", 2), flowers("blossom", 3, 0.36), flowers("tulip", 2, 0.38)],
};

export const PLANS: Readonly<Record<SettingName, Plan>> = {
  meadow,
  park: {
    ...meadow,
    texture: "grass",
    ridges: [
      { kind: "hills", colour: "#6fae6a", height: 0.14, distance: 0.5 },
      { kind: "leafy", colour: "#4c9150", height: 0.13, distance: 0.3 },
    ],
    decorations: [trees("deciduous-tree", 3), trees("bush", 3, 0.6, [0.1, 0.6]), flowers("tulip", 2, 0.34)],
  },
  field: {
    ...meadow,
    ground: ["#e2d07a", "#b9a43f"],
    texture: "grass",
    decorations: [trees("deciduous-tree", 2), flowers("sheaf-of-rice", 4, 0.5)],
  },
  hills: {
    ...meadow,
    ridges: [{ kind: "mountains", colour: "#7d94b5", height: 0.22, distance: 0.7 }, ...HILLS],
    decorations: [trees("deciduous-tree", 2, 1.6), trees("evergreen-tree", 2, 1.6), flowers("blossom", 2, 0.34)],
  },
  farm: {
    ...meadow,
    texture: "grass",
    decorations: [
      thing("barn", 1.9, 1, [0.05, 0.15], ["building"]),
      trees("deciduous-tree", 1),
      flowers("sheaf-of-rice", 3, 0.5),
    ],
  },
  garden: {
    ...meadow,
    ridges: [
      { kind: "leafy", colour: "#4c9150", height: 0.2, distance: 0.3 },
      { kind: "leafy", colour: "#3f8446", height: 0.1, distance: 0.12 },
    ],
    decorations: [
      trees("bush", 4, 0.7, [0.05, 0.4]),
      flowers("tulip", 4, 0.46),
      flowers("rose", 3, 0.46),
      flowers("blossom", 3, 0.42),
      flowers("hyacinth", 2, 0.44),
    ],
  },
  forest: {
    ...meadow,
    horizon: 0.58,
    ground: ["#7fae62", "#3f7a43"],
    texture: "grass",
    ridges: [
      { ...WOODS, height: 0.34, distance: 0.6 },
      { ...WOODS, height: 0.25 },
    ],
    decorations: [
      trees("evergreen-tree", 6, 2, [0.02, 0.6]),
      trees("deciduous-tree", 1, 2),
      thing("mushroom", 0.34, 2, [0.5, 0.95], ["plant"]),
      thing("rock", 0.4, 1, [0.4, 0.9], ROCK),
    ],
  },
  "autumn-park": {
    ...meadow,
    ground: ["#d9b25f", "#a9772f"],
    texture: "leaves",
    ridges: [
      { kind: "hills", colour: "#b98a55", height: 0.15, distance: 0.5 },
      { kind: "leafy", colour: "#c4692c", height: 0.18, distance: 0.25 },
    ],
    decorations: [
      trees("autumn-tree", 4),
      thing("fallen-leaf", 0.3, 3, [0.5, 1], ["plant"]),
      thing("brown-mushroom", 0.3, 1, [0.6, 1], ["plant"]),
    ],
  },
  bamboo: {
    ...meadow,
    ground: ["#a8c66c", "#6b9a48"],
    texture: "grass",
    ridges: [{ kind: "leafy", colour: "#5f9e5a", height: 0.32, distance: 0.5 }],
    decorations: [trees("bamboo-stalks", 6, 2.3, [0.02, 0.5]), thing("rock", 0.4, 1, [0.4, 0.9], ROCK)],
  },
  jungle: {
    ...meadow,
    ground: ["#79ab4a", "#3d7a34"],
    texture: "grass",
    ridges: [
      { kind: "leafy", colour: "#3d8a55", height: 0.34, distance: 0.45 },
      { kind: "leafy", colour: "#2f7344", height: 0.2, distance: 0.2 },
    ],
    decorations: [trees("palm-tree", 4, 2.1), trees("bush", 4, 0.8, [0.2, 0.9]), flowers("hibiscus", 3, 0.4)],
  },
  savanna: {
    ...meadow,
    ground: ["#e5c878", "#c79a45"],
    texture: "grass",
    ridges: [{ kind: "hills", colour: "#b59c62", height: 0.1, distance: 0.6 }],
    decorations: [trees("acacia", 3, 1.9), thing("rock", 0.4, 1, [0.3, 0.8], ROCK)],
  },
  desert: {
    ...meadow,
    ground: ["#f2cf8b", "#dda653"],
    texture: "sand",
    ridges: [
      { kind: "mesas", colour: "#c9814f", height: 0.18, distance: 0.55 },
      { kind: "dunes", colour: "#e8b768", height: 0.11, distance: 0.2 },
    ],
    decorations: [thing("cactus", 1.1, 3, [0.1, 0.7], ["plant"]), thing("rock", 0.4, 2, [0.2, 0.9], ROCK)],
  },
  mountains: {
    ...meadow,
    ground: ["#8fb878", "#557f56"],
    texture: "grass",
    ridges: [
      { ...PEAKS, height: 0.44, distance: 0.65 },
      { ...PEAKS, height: 0.3, distance: 0.35 },
      { ...WOODS, height: 0.1 },
    ],
    decorations: [trees("evergreen-tree", 5, 1.6), thing("rock", 0.5, 2, [0.3, 0.95], ROCK)],
  },
  snow: {
    ...meadow,
    ground: ["#f3f8fc", "#cfe0ee"],
    texture: "snow",
    ridges: [
      { kind: "mountains", colour: "#9fb6d2", height: 0.3, distance: 0.6 },
      { kind: "hills", colour: "#e3edf5", height: 0.1, distance: 0.2 },
    ],
    decorations: [trees("snowy-pine", 5, 1.7)],
  },
  beach: {
    stage: "shore",
    horizon: 0.46,
    ground: ["#f7e3b0", "#e8c47f"],
    texture: "sand",
    ridges: [],
    decorations: [
      thing("palm-tree", 2.1, 2, [0.05, 0.4], TREE),
      thing("spiral-shell", 0.26, 1, [0.6, 1], ["animal"]),
      thing("starfish", 0.28, 1, [0.6, 1], ["animal"]),
      thing("beach-umbrella", 1.05, 1, [0.25, 0.6], ["object"]),
      { icon: "sailboat", size: 0.8, count: 1, depth: [0.2, 0.5], tags: ["boat", "vehicle"], where: "water" },
    ],
  },
  sea: {
    stage: "sea",
    horizon: 0.5,
    ground: ["#3f9fcf", "#156a9f"],
    texture: "none",
    ridges: [],
    decorations: [{ icon: "bird", size: 0.3, count: 0, depth: [0, 1], tags: ["bird", "animal"], where: "air" }],
  },
  lake: {
    ...meadow,
    stage: "lake",
    horizon: 0.48,
    texture: "grass",
    ridges: [
      { ...PEAKS, height: 0.26, distance: 0.65 },
      { ...WOODS, height: 0.12 },
    ],
    decorations: [
      trees("evergreen-tree", 3, 1.6, [0, 0.2]),
      thing("lotus", 0.3, 2, [0.2, 0.9], FLOWER),
      thing("reeds", 0.8, 3, [0.5, 1], ["plant"]),
    ],
  },
  river: {
    ...meadow,
    stage: "river",
    horizon: 0.54,
    texture: "grass",
    decorations: [
      trees("deciduous-tree", 3),
      trees("bush", 2, 0.6),
      thing("rock", 0.4, 2, [0.4, 0.95], ROCK),
      thing("reeds", 0.7, 2, [0.5, 1], ["plant"]),
    ],
  },
  underwater: {
    stage: "underwater",
    horizon: 0.8,
    ground: ["#d9c389", "#b0975f"],
    texture: "sand",
    ridges: [],
    decorations: [
      thing("coral", 0.7, 3, [0.2, 1], ["animal"]),
      thing("seaweed", 1.2, 5, [0.1, 1], ["plant"]),
      thing("spiral-shell", 0.3, 1, [0.4, 1], ["animal"]),
      thing("rock", 0.5, 2, [0.2, 1], ROCK),
      { icon: "tropical-fish", size: 0.26, count: 3, depth: [0, 1], tags: ["fish", "animal"], where: "air" },
    ],
  },
  city: {
    ...meadow,
    horizon: 0.7,
    ground: ["#9aa3ae", "#6f7884"],
    texture: "none",
    ridges: [
      { kind: "skyline", colour: "#7f92ad", height: 0.5, distance: 0.55 },
      { kind: "skyline", colour: "#566781", height: 0.32, distance: 0.2 },
    ],
    decorations: [trees("deciduous-tree", 3, 1.2, [0.05, 0.3]), thing("street-lamp", 1.5, 2, [0.2, 0.5], ["object"])],
  },
  street: {
    ...meadow,
    stage: "street",
    horizon: 0.62,
    ground: ["#6d737d", "#4c525c"],
    texture: "none",
    ridges: [
      { kind: "skyline", colour: "#8798b0", height: 0.36, distance: 0.5 },
      { kind: "leafy", colour: "#5a9a58", height: 0.08, distance: 0.2 },
    ],
    decorations: [trees("deciduous-tree", 3, 1.6, [0, 0.08]), thing("street-lamp", 1.7, 2, [0.02, 0.1], ["object"])],
  },
  castle: {
    ...meadow,
    ridges: [{ ...PEAKS, height: 0.24, distance: 0.7 }, ...HILLS],
    decorations: [
      { icon: "castle", size: 2, count: 1, depth: [0.03, 0.05], tags: ["building"], where: "sides" },
      trees("evergreen-tree", 4, 1.5),
      flowers("blossom", 2, 0.34),
    ],
  },
  japan: {
    ...meadow,
    ridges: [
      { kind: "mountains", colour: "#7f8fc0", height: 0.36, distance: 0.6 },
      { kind: "leafy", colour: "#6aa36a", height: 0.1, distance: 0.25 },
    ],
    decorations: [
      trees("blossom-tree", 3, 1.9),
      { icon: "shinto-shrine", size: 1.3, count: 1, depth: [0.08, 0.14], tags: ["building"], where: "sides" },
      thing("rock", 0.4, 1, [0.4, 0.9], ROCK),
    ],
  },
  sky: { ...meadow, stage: "sky", horizon: 0.96, ridges: [], decorations: [], texture: "none" },
  space: { ...meadow, stage: "space", horizon: 0.96, ridges: [], decorations: [], texture: "none" },
  moon: {
    stage: "space",
    horizon: 0.62,
    ground: ["#c9ccd6", "#8d93a3"],
    texture: "craters",
    ridges: [{ kind: "dunes", colour: "#a3a8b8", height: 0.1, distance: 0 }],
    decorations: [thing("rock", 0.4, 3, [0.1, 0.95], ROCK)],
  },
  mars: {
    stage: "space",
    horizon: 0.62,
    ground: ["#dd8b5a", "#a8502f"],
    texture: "craters",
    ridges: [
      { kind: "mesas", colour: "#b5613d", height: 0.16, distance: 0 },
      { kind: "dunes", colour: "#c9744a", height: 0.08, distance: 0 },
    ],
    decorations: [thing("rock", 0.4, 3, [0.1, 0.95], ROCK)],
  },
  room: {
    stage: "room",
    horizon: 0.68,
    ground: ["#c99a6b", "#a87647"],
    texture: "none",
    ridges: [],
    decorations: [
      thing("potted-plant", 0.85, 1, [0.12, 0.2], ["plant"]),
      thing("couch-and-lamp", 1.1, 1, [0.05, 0.1], ["furniture"]),
    ],
  },
  kitchen: {
    stage: "table",
    horizon: 0.52,
    ground: ["#d9a66b", "#b47f45"],
    texture: "none",
    ridges: [],
    decorations: [],
  },
  table: {
    stage: "table",
    horizon: 0.54,
    ground: ["#c98f58", "#9c6434"],
    texture: "none",
    ridges: [],
    decorations: [],
  },
  abstract: {
    stage: "abstract",
    horizon: 1,
    ground: ["#ffffff", "#ffffff"],
    texture: "none",
    ridges: [],
    decorations: [],
  },
};
