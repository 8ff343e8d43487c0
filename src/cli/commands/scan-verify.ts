import { resolve } from "node:path";
import type { ManifestHeader } from "../../contract/manifest.ts";
import { defineCommand, EXIT, UsageError } from "../command.ts";
import { configFor, sourceUri } from "../opened.ts";
import { printable } from "../verdict.ts";

const PUBLIC_KEY = /^[A-Za-z0-9+/]{43}=$/;

export const command = defineCommand({
  usage: "[options] MANIFEST [SOURCE]",
  about: "tells whether a data set still is what a scan found it to be; a training job can refuse to start otherwise",
  options: {
    "public-key": {
      type: "string",
      value: "BASE64",
      about: "trust manifests that were signed with this key, and no others",
    },
    "allow-unjudged": { type: "boolean", about: "go on although something of the data set could not be judged" },
  },
  examples: [
    ["safelight scan verify manifest.json ./dogs && python train.py", "trains on nothing but what was judged"],
    ["safelight scan verify manifest.json --public-key 'mC2…='", "and only if we signed it"],
  ],
  async run(parsed, io) {
    const { values, positionals } = parsed;
    const [path, source, ...more] = positionals;
    if (path === undefined || more.length > 0)
      throw new UsageError("scan verify: takes a manifest, and where the files are");
    const publicKey = values["public-key"];
    if (publicKey !== undefined && !PUBLIC_KEY.test(publicKey))
      throw new UsageError("scan verify: --public-key must be 32 bytes in base64, as the manifest has it");
    const { config } = await configFor(parsed, io);
    const { verifyDataSet } = await import("../../app/data-set.ts");
    let header: ManifestHeader | undefined;
    let count = 0;
    const asked = { source: source === undefined ? undefined : sourceUri(source, io.cwd), publicKey, s3: config.s3 };
    for await (const difference of verifyDataSet(resolve(io.cwd, path), asked, io.signal, (manifest) => {
      header = manifest.header;
      const trusted = publicKey === undefined ? " (nobody said whether to trust it: --public-key)" : "";
      io.err(`signed with ${manifest.signature.public_key}${trusted}\n`);
    })) {
      count += 1;
      const detail = "detail" in difference ? `: ${difference.detail}` : "";
      await io.out(
        values.json
          ? `${JSON.stringify(difference)}\n`
          : `${difference.kind.padEnd(10)} ${printable(difference.key)}${detail}\n`,
      );
    }
    const open = header?.complete === false && values["allow-unjudged"] !== true;
    if (open) io.err("The scan could not judge everything of this data set.\n");
    io.err(count === 0 ? "Every file is the one that was judged.\n" : `${count} differences.\n`);
    if (count > 0) return EXIT.flagged;
    return open ? EXIT.unknown : EXIT.allowed;
  },
});
