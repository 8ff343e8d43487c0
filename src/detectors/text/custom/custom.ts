import { resolve } from "node:path";
import type { TextDetector } from "../../../contract/detector.ts";
import type { Finding } from "../../../contract/report.ts";
import type { OpenContext } from "../../context.ts";
import { carriers, wordShares } from "./explain.ts";
import type { CustomModel } from "./files.ts";
import type { CustomOptions } from "./options.ts";
import { categoriesOf, classify, scoreByCategory } from "./scores.ts";
import { watchModel } from "./watch.ts";

/** Changes with whatever is made of the model's answers. */
const CODE_VERSION = "1";

/**
 * Opens a model that `safelight train` made. When another one takes its place in the folder, it is loaded in the background
 * and takes over; one that cannot be read changes nothing.
 * @throws SafelightError `config_invalid` that names the file that is missing or wrong
 */
export async function openCustom(options: CustomOptions, context: OpenContext): Promise<TextDetector> {
  const watched = await watchModel(resolve(context.folder, options.model));
  return {
    id: "custom",
    get version() {
      return `${CODE_VERSION}.${watched.current().manifest.version}`;
    },
    get categories() {
      return categoriesOf(watched.current().manifest);
    },
    async inspect({ text }, signal) {
      watched.refresh();
      return findings(watched.current(), text, options.explain_above, signal);
    },
    close: () => watched.close(),
  };
}

async function findings(
  model: CustomModel,
  text: string,
  explainAbove: number,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { featurizer, linear, featureOf, manifest } = model;
  const [verdict] = await classify(model, [text], signal);
  if (!verdict) return [];
  return [...scoreByCategory(manifest, verdict.probabilities)].flatMap(
    ([category, { score, strongest }]): Finding[] => {
      const label = manifest.classes[strongest]?.name ?? category;
      const explained = score >= explainAbove;
      const stretches = explained ? carriers(wordShares(linear, featureOf, featurizer.of(text), strongest)) : [];
      if (stretches.length === 0) return [{ category, score, label }];
      return stretches.map(({ span: [start, end] }) => ({ category, score, label, evidence: { span: [start, end] } }));
    },
  );
}
