import type { z } from "zod";
import type { Detector, ImageDetector, TextDetector } from "../contract/detector.ts";
import type { OpenContext } from "./context.ts";
import { ClipOptions } from "./image/clip/options.ts";
import { GoogleOptions } from "./image/google/options.ts";
import { HashesOptions } from "./image/hashes/options.ts";
import { NsfwOptions } from "./image/nsfw/options.ts";
import { RekognitionOptions } from "./image/rekognition/options.ts";
import { TestCardOptions } from "./image/test-card/options.ts";
import { TextInImageOptions } from "./image/text-in-image/options.ts";
import { ClassifierOptions } from "./text/classifier/options.ts";
import { ComprehendOptions } from "./text/comprehend/options.ts";
import { CustomOptions } from "./text/custom/options.ts";
import { PerspectiveOptions } from "./text/perspective/options.ts";
import { RulesOptions } from "./text/rules/options.ts";
import { TestSignalsOptions } from "./text/test-signals/options.ts";
import { AzureOptions } from "./vendors/azure/options.ts";
import { GuardrailOptions } from "./vendors/bedrock/options.ts";
import { HttpOptions } from "./vendors/http/options.ts";
import { OpenAiOptions } from "./vendors/openai/options.ts";

interface Kind<Options extends z.ZodType, Opened extends Detector<never>> {
  /** Strict: what may stand in `safelight.yaml` and under a policy's `options`. */
  readonly options: Options;
  open(options: z.output<Options>, context: OpenContext): Promise<Opened>;
  /** Files, and folders of files, from which the detector is made: when one changes, it is opened anew. */
  sources?(options: z.output<Options>, folder: string): Promise<readonly string[]>;
  /** Works on this machine, asks nobody and costs nothing: fit to judge text that was found in a picture, unless told otherwise. */
  readonly local?: boolean;
  /** Depends on the policy that uses it, and not on its options alone: it is opened for each of them. */
  readonly ofPolicy?: boolean;
}

function kind<Options extends z.ZodType, Opened extends Detector<never>>(value: Kind<Options, Opened>) {
  return value;
}

function text<Options extends z.ZodType>(value: Kind<Options, TextDetector>) {
  return kind(value);
}

function image<Options extends z.ZodType>(value: Kind<Options, ImageDetector>) {
  return kind(value);
}

/** Every kind of text detector. A new one is a folder under `text/` and a line here; its code is loaded when it is opened. */
export const TEXT_DETECTORS = {
  rules: text({
    options: RulesOptions,
    local: true,
    open: async (options, context) => (await import("./text/rules/rules.ts")).openRules(options, context),
    sources: async (options, folder) => (await import("./text/rules/list.ts")).listSources(options.lists, folder),
  }),
  classifier: text({
    options: ClassifierOptions,
    local: true,
    open: async (options, context) => {
      const [{ openClassifier }, { openUndisguise }] = await Promise.all([
        import("./text/classifier/classifier.ts"),
        import("./text/rules/rules.ts"),
      ]);
      const { version, read } = await openUndisguise(RulesOptions.parse({}), context);
      const normalise = (text: string) => read(text) ?? { text, map: [] };
      return openClassifier(options, context, { normalise, normaliser: version });
    },
    sources: async (_options, folder) => (await import("./text/rules/list.ts")).listSources(undefined, folder),
  }),
  custom: text({
    options: CustomOptions,
    local: true,
    open: async (options, context) => (await import("./text/custom/custom.ts")).openCustom(options, context),
  }),
  openai: text({
    options: OpenAiOptions,
    open: async (options) => (await import("./text/openai/openai.ts")).openOpenAiText(options),
  }),
  azure: text({
    options: AzureOptions,
    open: async (options) => (await import("./text/azure/azure.ts")).openAzureText(options),
  }),
  perspective: text({
    options: PerspectiveOptions,
    open: async (options) => (await import("./text/perspective/perspective.ts")).openPerspective(options),
  }),
  http: text({
    options: HttpOptions,
    open: async (options) => (await import("./text/http/http.ts")).openHttpText(options),
  }),
  bedrock: text({
    options: GuardrailOptions,
    open: async (options) => (await import("./text/bedrock/bedrock.ts")).openBedrockText(options),
  }),
  comprehend: text({
    options: ComprehendOptions,
    open: async (options) => (await import("./text/comprehend/comprehend.ts")).openComprehend(options),
  }),
  "test-signals": text({
    options: TestSignalsOptions,
    local: true,
    open: async () => (await import("./text/test-signals/test-signals.ts")).openTestSignals(),
  }),
};

/** Every kind of image detector. A kind that is also one of texts has the same options there: one entry serves both stages. */
export const IMAGE_DETECTORS = {
  nsfw: image({
    options: NsfwOptions,
    open: async (options, context) => (await import("./image/nsfw/nsfw.ts")).openNsfw(options, context),
  }),
  clip: image({
    options: ClipOptions,
    open: async (options, context) => (await import("./image/clip/clip.ts")).openClip(options, context),
  }),
  hashes: image({
    options: HashesOptions,
    open: async (options, context) => (await import("./image/hashes/hashes.ts")).openHashes(options, context),
    sources: async (options, folder) => (await import("./image/hashes/list.ts")).listSources(options.lists, folder),
  }),
  openai: image({
    options: OpenAiOptions,
    open: async (options) => (await import("./image/openai/openai.ts")).openOpenAiImage(options),
  }),
  azure: image({
    options: AzureOptions,
    open: async (options) => (await import("./image/azure/azure.ts")).openAzureImage(options),
  }),
  google: image({
    options: GoogleOptions,
    open: async (options) => (await import("./image/google/google.ts")).openGoogle(options),
  }),
  http: image({
    options: HttpOptions,
    open: async (options) => (await import("./image/http/http.ts")).openHttpImage(options),
  }),
  bedrock: image({
    options: GuardrailOptions,
    open: async (options) => (await import("./image/bedrock/bedrock.ts")).openBedrockImage(options),
  }),
  rekognition: image({
    options: RekognitionOptions,
    open: async (options) => (await import("./image/rekognition/rekognition.ts")).openRekognition(options),
  }),
  "test-card": image({
    options: TestCardOptions,
    open: async () => (await import("./image/test-card/test-card.ts")).openTestCard(),
  }),
  "text-in-image": image({
    options: TextInImageOptions,
    ofPolicy: true,
    open: async (options, context) =>
      (await import("./image/text-in-image/text-in-image.ts")).openTextInImage(options, context),
  }),
};
