import type { Category } from "../../../contract/categories.ts";
import type { TextDetector } from "../../../contract/detector.ts";
import type { Finding } from "../../../contract/report.ts";
import { type Analysis, ContentSafety, scoresOf } from "../../vendors/azure/content-safety.ts";
import { AZURE_LABELS } from "../../vendors/azure/labels.ts";
import type { AzureOptions } from "../../vendors/azure/options.ts";
import { chunked, inspectChunks, LENGTHS } from "../../vendors/chunks.ts";
import { covered, findingsOf, shownLabel } from "../../vendors/labels.ts";

/** Changes with the table of labels, or with what is made of the severities. */
const CODE_VERSION = "1";

/** Unicode code points in one text. */
const MOST_CHARACTERS = 10_000;

/** Of the eight levels. */
const HIGHEST_SEVERITY = 7;

/** Azure AI Content Safety, for texts: the model's severities as sevenths of 1, and matches of the resource's blocklists as 1. */
export async function openAzureText(options: AzureOptions): Promise<TextDetector> {
  const service = new ContentSafety(options);
  const { blocklists, api_version } = options;
  return {
    id: "azure",
    version: `${CODE_VERSION}.${api_version}`,
    categories: [...new Set<Category>([...covered(AZURE_LABELS), ...Object.values(blocklists)])],
    inspect: ({ text }, signal, meter) =>
      inspectChunks(
        chunked(text, MOST_CHARACTERS, LENGTHS.codePoints),
        async (chunk, either) => {
          const analysis = await service.text(chunk.text, either, meter);
          return [
            ...findingsOf(AZURE_LABELS, scoresOf(analysis, HIGHEST_SEVERITY)),
            ...listFindings(analysis, blocklists),
          ];
        },
        signal,
      ),
    probe: (signal) => service.probe(signal),
    close: () => service.close(),
  };
}

function listFindings({ blocklistsMatch }: Analysis, blocklists: AzureOptions["blocklists"]): readonly Finding[] {
  return (blocklistsMatch ?? []).map(({ blocklistName, blocklistItemText }) => ({
    category: blocklists[blocklistName] ?? "unsafe",
    score: 1,
    label: shownLabel(`blocklist/${blocklistName}`),
    evidence: { term: blocklistItemText, list: blocklistName },
  }));
}
