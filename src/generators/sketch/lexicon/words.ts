import type { Hex } from "../colour.ts";

/** `word, word` → meaning. Plurals and spelling variants are found without being written down. */
export type Table<Meaning extends string> = Readonly<Record<Meaning, string>>;

export const SETTING_WORDS = {
  park: "park, lawn, backyard, yard, dog park, picnic",
  meadow: "meadow, grass, grassland, pasture, prairie, flower field, field of flowers, wildflower meadow",
  field: "field, countryside, rural, plain, plains, wheat field, cornfield, crops, vineyard",
  hills:
    "hill, hills, hillside, valley, landscape, highlands, rolling hills, scenery, cliff, nature, outdoors, kingdom, fantasy landscape",
  farm: "farm, farmyard, ranch, barnyard, paddock",
  garden: "garden, flower garden, flowerbed, greenhouse, orchard, rose garden, courtyard",
  forest: "forest, wood, woods, woodland, pine forest, enchanted forest, magical forest, grove, taiga, clearing",
  "autumn-park": "autumn forest, autumn park",
  bamboo: "bamboo forest, bamboo grove",
  jungle: "jungle, rainforest, rain forest, tropical forest, swamp, amazon",
  savanna: "savanna, savannah, safari, serengeti, africa, outback",
  desert: "desert, sahara, dune, dunes, sand dune, oasis, canyon, egypt, wild west, arizona",
  mountains: "mountain, mountains, alps, peak, summit, himalaya, mountain range, everest, fjord, andes, alpine",
  snow: "snow field, arctic, antarctica, north pole, south pole, tundra, glacier, iceberg, ice field, winter wonderland, snowy field, snowy landscape, lapland, snowscape, ski slope",
  beach:
    "beach, shore, seashore, coast, seaside, sand, tropical beach, tropical island, island, bay, hawaii, caribbean, maldives, coastline, lagoon",
  sea: "sea, ocean, waves, wave, open sea, harbor, harbour, port, seascape, pier, marina",
  lake: "lake, pond, lakeside, reservoir, pool, swimming pool",
  river: "river, stream, creek, brook, riverbank, canal, waterfall",
  underwater:
    "underwater, under water, under the sea, undersea, aquarium, sea floor, seabed, ocean floor, deep sea, coral garden, atlantis, fish tank",
  city: "city, cityscape, downtown, skyline, metropolis, new york, tokyo, london, urban, manhattan, dubai, futuristic city, berlin, chicago, hong kong, shanghai",
  street:
    "street, road, highway, avenue, sidewalk, alley, crosswalk, traffic, race track, racetrack, parking lot, motorway, route 66, garage",
  castle: "medieval, fairy tale, fairytale, fantasy kingdom, camelot",
  japan: "japan, japanese, kyoto, zen garden, japanese garden, asian",
  sky: "sky, in the sky, above the clouds, clouds below, in the air, in the clouds, heaven, mid air",
  space:
    "space, outer space, galaxy, cosmos, universe, nebula, orbit, milky way, deep space, interstellar, solar system, cosmic",
  moon: "on the moon, lunar surface, moon surface, moon landing, lunar",
  mars: "mars, on mars, martian landscape, red planet, alien planet, another planet",
  room: "room, living room, indoors, indoor, inside, interior, bedroom, house interior, office room, library, classroom, studio, lounge, home office, on a rug, on the carpet, on the floor",
  kitchen: "kitchen, restaurant, cafe, coffee shop, bakery, diner, bar, counter",
  table: "table, on a table, still life, desk, on a desk, shelf, tabletop",
} as const satisfies Record<string, string>;
export type SettingName = keyof typeof SETTING_WORDS | "abstract";

export const TIMES = ["dawn", "day", "sunset", "dusk", "night"] as const;
export type Time = (typeof TIMES)[number];
export const TIME_WORDS: Table<Time> = {
  dawn: "dawn, sunrise, morning, early morning, daybreak, first light",
  day: "day, daytime, noon, midday, afternoon, daylight, sunny, sunny day, sunshine, blue sky, bright day",
  sunset: "sunset, golden hour, sundown, setting sun, evening sun, golden light, evening",
  dusk: "dusk, dark, darkness, shadowy, twilight, blue hour, nightfall, gloaming, late evening",
  night:
    "night, nighttime, midnight, moonlight, moonlit, starry night, at night, dark sky, night sky, nocturnal, starlight, starry, starry sky",
};

export const WEATHERS = ["rain", "snow", "storm", "fog", "wind", "cloudy", "clear"] as const;
export type Weather = (typeof WEATHERS)[number];
export const WEATHER_WORDS: Table<Weather> = {
  rain: "rain, rainy, raining, drizzle, downpour, shower of rain, monsoon, wet",
  snow: "snow, snowy, snowing, snowfall, snowflake, snowflakes, blizzard, frost, frozen, winter, wintry, icy, christmas",
  storm: "storm, stormy, thunderstorm, lightning, thunder, tempest, hurricane, tornado",
  fog: "fog, foggy, mist, misty, haze, hazy, smoke, smoky",
  wind: "wind, windy, breeze, breezy",
  cloudy: "cloudy, overcast, cloud, clouds, gray sky, grey sky, gloomy",
  clear: "clear sky, cloudless, clear",
};

export const SEASONS = ["spring", "summer", "autumn", "winter"] as const;
export type Season = (typeof SEASONS)[number];
export const SEASON_WORDS: Table<Season> = {
  spring: "spring, springtime, in bloom, blooming",
  summer: "summer, summertime, tropical",
  autumn: "autumn, autumnal, fall, in fall, fall colors, fall colours, fall foliage, october, november",
  winter: "winter, wintertime, december, january, christmas",
};

export const SKY_THINGS = ["sun", "moon", "stars", "rainbow", "aurora", "shooting-star", "fireworks"] as const;
export type SkyThing = (typeof SKY_THINGS)[number];
export const SKY_WORDS: Table<SkyThing> = {
  sun: "sun, big sun",
  moon: "moon, full moon, crescent moon, crescent, half moon, new moon",
  stars: "star, stars, constellation",
  rainbow: "rainbow, double rainbow",
  aurora: "aurora, northern lights, aurora borealis, polar lights",
  "shooting-star": "shooting star, falling star, meteor shower",
  fireworks: "firework, fireworks, new year, new years eve",
};

export const STYLES = [
  "watercolor",
  "oil",
  "pencil",
  "ink",
  "monochrome",
  "sepia",
  "pixel",
  "neon",
  "pastel",
  "vintage",
  "lowpoly",
  "mosaic",
  "glass",
  "popart",
  "blueprint",
  "vivid",
] as const;
export type Style = (typeof STYLES)[number];
export const STYLE_WORDS: Table<Style> = {
  watercolor: "watercolor, watercolour, water color, water colour, aquarelle, gouache, watercolor painting",
  oil: "oil painting, oil paint, oil on canvas, impressionist, impressionism, impasto, van gogh, monet, renaissance, painterly, acrylic, acrylic painting, expressionist, brush strokes, classical painting",
  pencil:
    "pencil sketch, pencil drawing, in pencil, colored pencil, sketch, sketched, charcoal, graphite, hand drawn, drawing, line drawing, doodle",
  ink: "ink, ink drawing, line art, lineart, woodcut, linocut, etching, engraving, black ink, coloring page, colouring page, manga, comic, comic book",
  monochrome: "black and white, monochrome, monochromatic, grayscale, greyscale, noir, film noir, b w, bw",
  sepia: "sepia, daguerreotype, sepia tone, old photograph, old photo, antique photo",
  pixel: "pixel art, pixelart, 8 bit, 8bit, 16 bit, 16bit, pixelated, retro game, voxel, minecraft",
  neon: "neon, cyberpunk, synthwave, vaporwave, neon lights, neon light, futuristic, blade runner, outrun, glowing, retrowave, tron, sci fi, scifi, science fiction",
  pastel: "pastel, pastel colors, pastel colours, soft colors, kawaii, dreamy, soft pastel, soft light",
  vintage: "vintage, retro, polaroid, nostalgic, faded, analog photo, 1970s, 70s, old fashioned",
  lowpoly:
    "low poly, lowpoly, low polygon, polygonal, geometric, origami, cubism, cubist, faceted, papercraft, paper craft, paper cut",
  mosaic: "mosaic, tiles, tiled",
  glass: "stained glass, stained glass window",
  popart: "pop art, popart, warhol, screen print, screenprint, silkscreen, poster, halftone",
  blueprint: "blueprint, technical drawing, cyanotype, schematic",
  vivid: "vivid, vibrant, colorful, colourful, saturated, psychedelic, hdr, high contrast, technicolor",
};

/** Ways of painting that say nothing new: everything here is a cartoon. */
export const KNOWN_WITHOUT_MEANING =
  "bowl of, plate of, cup of, glass of, slice of, piece of, basket of, scoop of, bottle of, bar of, cartoon, anime, illustration, vector, flat, children book, photo, photograph, photorealistic, realistic, 4k, 8k, hd, detailed, highly detailed, masterpiece, art, artwork, painting, picture, image, digital art, render, 3d render, 3d, cinematic, beautiful, cute, pretty, lovely, nice";

export const COLOURS: Readonly<Record<Hex, string>> = {
  "#e03131": "red, crimson, scarlet, ruby red, cherry red",
  "#9b1b30": "burgundy, maroon, dark red, wine red",
  "#f76707": "tangerine orange, burnt orange",
  "#fab005": "yellow, golden yellow, lemon yellow, amber, mustard",
  "#d4a017": "gold, golden, brass",
  "#2f9e44": "green, emerald green, grass green",
  "#1b5e37": "dark green, forest green, bottle green",
  "#82c91e": "lime green, light green, neon green, chartreuse",
  "#7a8b2b": "olive green, khaki",
  "#12a594": "teal, turquoise, cyan, aqua, aquamarine, mint green",
  "#1c7ed6": "blue, sapphire blue, royal blue, cobalt",
  "#0b2f6b": "navy, navy blue, dark blue, midnight blue, indigo",
  "#63b3ed": "light blue, sky blue, baby blue, pale blue",
  "#7048e8": "purple, violet, amethyst",
  "#b197fc": "lilac, lavender, light purple, mauve",
  "#c2259e": "magenta, fuchsia",
  "#f06595": "pink, rosy, rose pink",
  "#ffb3c7": "light pink, pale pink, baby pink",
  "#ff8a70": "coral pink, salmon pink, peach",
  "#7a4a28": "brown, chestnut brown, chocolate brown, bronze, dark brown",
  "#d9b382": "beige, tan, cream, sandy, light brown, blond, blonde",
  "#f4f4f2": "white, snow white, ivory, albino",
  "#2b2b33": "black, jet black, ebony",
  "#8b8f98": "gray, grey, silver, silvery, metallic",
  "#4d535c": "dark gray, dark grey, charcoal gray, slate",
};

/** Words for several things that are not the same. */
export const COLLECTIONS: Readonly<Record<string, string>> = {
  "fruit, fruits, fruit basket, fruit bowl": "red-apple, banana, grapes, tangerine, pear",
  "vegetable, vegetables, veggies, veg": "carrot, tomato, broccoli, bell-pepper, ear-of-corn",
  "dessert, desserts": "shortcake, cupcake, soft-ice-cream",
  breakfast: "pancakes, hot-beverage, croissant",
  picnic: "basket, sandwich, red-apple",
  "animals, farm animals, wildlife": "cow, horse, pig, rooster",
  pets: "cat, dog, rabbit",
  "safari animals, zoo": "elephant, giraffe, zebra, lion",
  "sea creatures, sea life, marine life": "tropical-fish, octopus, turtle, dolphin",
  insects: "butterfly, honeybee, lady-beetle",
  toys: "teddy-bear, soccer-ball, yo-yo",
  "musical instruments, instruments, band, orchestra": "guitar, drum, trumpet, violin",
  couple: "man-standing, woman-standing",
  family: "man-standing, woman-standing, child",
  wedding: "person-with-veil, person-in-tuxedo",
  "solar system": "ringed-planet, globe-showing-europe-africa, comet",
};

/** What somebody does who was only called a person, a man or a woman. */
export const POSES: Readonly<Record<string, string>> = {
  "person-walking": "walking, walks, strolling",
  "person-running": "running, runs, jogging",
  "woman-dancing": "dancing, dances",
  "person-biking": "riding a bike, riding a bicycle, biking",
  "person-surfing": "riding a wave, surfing a wave, surfing",
  "person-swimming": "swimming",
  "person-climbing": "climbing",
  "person-lifting-weights": "lifting weights",
  "person-in-lotus-position": "meditating, doing yoga, sitting",
  "person-juggling": "juggling",
  "person-kneeling": "kneeling, praying",
  skier: "skiing",
  snowboarder: "snowboarding",
};

/** Lifts what was named before into the air. */
export const FLIGHT = "flying, flies, fly, soaring, soars, hovering, hovers, floating in the air, gliding, airborne";

/** Fruit, flowers and metals that are colours when a noun follows: "orange cat", but "an orange". */
export const COLOUR_OR_THING: Readonly<Record<string, Hex>> = {
  orange: "#f76707",
  rose: "#f06595",
  peach: "#ff9e6d",
  salmon: "#fa8072",
  lime: "#82c91e",
  lemon: "#fde047",
  cherry: "#c1121f",
  lavender: "#b197fc",
  violet: "#7048e8",
  coral: "#ff6f61",
  olive: "#7a8b2b",
  chocolate: "#5b3216",
  mint: "#8fe3c0",
  ruby: "#c1121f",
  emerald: "#1aa36b",
  sapphire: "#1f4fbf",
  gold: "#d4a017",
  golden: "#d4a017",
  silver: "#aab0ba",
  honey: "#e5a72e",
  lilac: "#b197fc",
};

export const NUMBERS: Readonly<Record<string, string>> = {
  1: "one, a single, single, lone, lonely, solitary",
  2: "two, pair, pair of, couple of, both, twin, twins, duo",
  3: "three, trio, several, a few, few, some, triple",
  4: "four, quartet",
  5: "five, various, family of, group of, group, bunch of, bunch",
  6: "six, half a dozen, many, lots of, a lot of, pack of, pack, multiple",
  7: "seven, herd, herd of, numerous",
  8: "eight, crowd, crowd of, school of, colony of, flock, flock of",
  9: "nine, hundreds, hundreds of, thousands, thousands of, swarm, swarm of, countless, army of",
  10: "ten",
  12: "eleven, twelve, dozen, a dozen, dozens, dozens of",
};

export const SIZES = {
  tiny: "tiny, miniature, teeny, mini, microscopic",
  small: "small, little, baby, young, toy",
  big: "big, large, tall, great",
  huge: "huge, giant, gigantic, enormous, massive, colossal, towering",
} as const satisfies Record<string, string>;
export type Size = keyof typeof SIZES;

/** What joins the thing before it to the thing after it. */
export const JOINS = {
  on: "riding, riding on, rides, ride, sitting on, sits on, standing on, on top of, on, sitting in, driving, drives, flying on, sailing, sailing on, inside, perched on, sleeping on, lying on, floating on, skating on, balancing on, in",
  wears: "wearing, wears, dressed in, in a hat, with, with a, has, having",
  holds: "holding, holds, carrying, carries, playing, plays, eating, eats, drinking, drinks, reading, using",
  beside:
    "in front of, next to, beside, near, behind, by, over, above, past, under, beneath, below, between, around, and, surrounded by, together with, inside of",
} as const satisfies Record<string, string>;
export type Join = keyof typeof JOINS;

export const NEGATIONS: readonly string[] = ["no", "not", "without", "never", "minus", "except", "excluding", "none"];

/** What a word in the negative prompt takes away beside what it names: tags of subjects and of decoration. */
export const TAG_WORDS = {
  people: "person, people, human, humans, crowd, figure, figures, humanoid",
  animal: "animal, animals, creature, creatures, wildlife, fauna",
  bird: "bird, birds",
  insect: "insect, insects, bugs",
  fish: "fish, fishes",
  tree: "tree, trees",
  plant: "plant, plants, vegetation, foliage, greenery",
  flower: "flower, flowers, blossoms",
  car: "car, cars, traffic",
  vehicle: "vehicle, vehicles",
  boat: "boat, boats, ship, ships",
  building: "building, buildings, architecture, house, houses",
  food: "food",
  cloud: "cloud, clouds, cloudy",
  grass: "grass",
  rock: "rock, rocks, stone, stones",
  furniture: "furniture",
} as const satisfies Record<string, string>;
export type Tag = keyof typeof TAG_WORDS;
