import type { Config } from "../../config/schema.ts";
import type { Fingerprint } from "../../detectors/image/hashes/fingerprint.ts";
import type { KnownPictures, Match, MatchOptions } from "../../detectors/image/hashes/known-pictures.ts";
import type { HashesOptions } from "../../detectors/image/hashes/options.ts";
import { PDQ_MIN_QUALITY } from "../../models/pdq/pdq.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import type { Io } from "../io.ts";
import type { Looked } from "../looked-up.ts";
import { configFor } from "../opened.ts";
import { exitOfAll, printable } from "../verdict.ts";

export const command = defineCommand({
  usage: "[options] PICTURE|HASH…",
  about:
    "looks pictures up in lists of known ones: exit status 0: none is known, 1: one is, 3: could not tell; -: stdin",
  options: {
    list: { type: "string", multiple: true, value: "FILE", about: "a list; those of the configuration when absent" },
    distance: { type: "string", value: "BITS", about: "how far a copy may differ, 0 to 47 (31)" },
    orientations: { type: "boolean", about: "find mirrored and turned copies too" },
  },
  examples: [
    ["safelight hashes match photo.jpg --list ./known.txt", ""],
    ["safelight hashes match *.png --list a.txt --list b.txt --json", "one JSON object a line"],
    ["safelight hashes match card.png --list test-cards", "a list that ships"],
  ],
  async run(parsed, io) {
    const { values, positionals } = parsed;
    if (values.list?.some((name) => name.trim() === "")) throw new UsageError("--list: must name a file");
    if (positionals.length === 0) {
      throw new UsageError("hashes match: needs a picture or a hash, such as: safelight hashes match a.png");
    }
    const { config } = await configFor(parsed, io);
    const lists = await openLists(values.list, chosen(values.distance, values.orientations), config, io);
    const [{ look }, { fingerprintOf }] = await Promise.all([
      import("../looked-up.ts"),
      import("../../detectors/image/hashes/fingerprint.ts"),
    ]);
    const statuses: number[] = [];
    for (const argument of positionals) {
      const looked = await look(argument, config.limits, io);
      const fingerprint = looked.kind === "picture" ? await fingerprintOf(looked.image, true) : undefined;
      const matches = lists.flatMap((list) => list.match(looked, fingerprint)).sort((a, b) => b.score - a.score);
      const quality = fingerprint ? qualityOf(fingerprint) : null;
      statuses.push(statusOf(looked, matches));
      if (values.json) await io.out(`${JSON.stringify(asJson(looked, matches, quality))}\n`);
      else if (looked.kind !== "failed") await io.out(asText(looked, matches, quality, io));
    }
    return exitOfAll(statuses);
  },
});

interface OpenList {
  /** @param fingerprint of a picture */
  match(looked: Looked, fingerprint: Fingerprint | undefined): readonly Match[];
}

function chosen(distance: string | undefined, orientations: boolean | undefined): Partial<MatchOptions> {
  if (distance !== undefined && !(/^\d{1,2}$/.test(distance) && Number(distance) <= 47)) {
    throw new UsageError(`--distance: must be a number from 0 to 47, not ${JSON.stringify(distance)}`);
  }
  return {
    ...(distance === undefined ? {} : { distance: Number(distance) }),
    ...(orientations === undefined ? {} : { orientations }),
  };
}

async function openLists(
  named: readonly string[] | undefined,
  over: Partial<MatchOptions>,
  config: Config,
  io: Io,
): Promise<readonly OpenList[]> {
  const [{ KnownPictures }, { HashesOptions }] = await Promise.all([
    import("../../detectors/image/hashes/known-pictures.ts"),
    import("../../detectors/image/hashes/options.ts"),
  ]);
  const open = async (options: HashesOptions, folder: string) =>
    opened(await KnownPictures.open(options.lists, folder), { ...options, ...over });
  if (named) return [await open(HashesOptions.parse({ lists: named }), io.cwd)];
  const configured = Object.values(config.detectors.image).flatMap((own) => (own.kind === "hashes" ? [own] : []));
  if (configured.length === 0) {
    throw new UsageError("hashes match: needs --list FILE, for the configuration has no detector of kind hashes");
  }
  return Promise.all(configured.map(({ options, folder }) => open(options, folder)));
}

function opened(known: KnownPictures, options: MatchOptions): OpenList {
  return {
    match(looked, fingerprint) {
      if (fingerprint) return known.match(fingerprint, options);
      return looked.kind === "hash" ? known.matchHash(looked.hash, options.distance) : [];
    },
  };
}

function statusOf(looked: Looked, matches: readonly Match[]): number {
  if (looked.kind === "failed") return looked.error.code === "invalid_request" ? EXIT.usage : EXIT.unknown;
  return matches.length > 0 ? EXIT.flagged : EXIT.allowed;
}

function asJson(looked: Looked, matches: readonly Match[], quality: number | null) {
  const { given } = looked;
  if (looked.kind === "failed") return { given, error: { code: looked.error.code, detail: looked.error.detail } };
  return {
    given,
    known: matches.length > 0,
    quality,
    matches: matches.map(({ listed: { list, line, category, note = null }, ...how }) => ({
      list,
      line,
      category,
      note,
      ...how,
    })),
  };
}

function asText({ given }: Looked, matches: readonly Match[], quality: number | null, io: Io): string {
  const plain = quality !== null && quality < PDQ_MIN_QUALITY ? io.styled("dim", "  too plain for PDQ") : "";
  if (matches.length === 0) return `${io.styled("green", "unknown")}  ${given}${plain}\n`;
  const lines = matches.map(({ listed, by, distance, orientation, frame }) => {
    const how = [
      by === "pdq" ? `pdq, ${distance} bits off` : by,
      ...(orientation === "as-is" ? [] : [orientation]),
      ...(frame === null || frame === 0 ? [] : [`frame ${frame}`]),
    ];
    const note = listed.note === undefined ? "" : `: ${printable(listed.note)}`;
    return `  ${listed.category}  ${printable(listed.list)}, line ${listed.line} (${how.join("; ")})${note}\n`;
  });
  return `${io.styled("red", "known  ")}  ${given}\n${lines.join("")}`;
}

/** Of the best frame; 0 where a picture is too small to have a PDQ hash. */
function qualityOf({ frames }: Fingerprint): number {
  return Math.max(0, ...frames.map(({ pdq }) => pdq?.quality ?? 0));
}
