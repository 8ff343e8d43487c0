import type { Command } from "./command.ts";

interface Entry {
  readonly about: string;
  /** Loaded when it is called for, so that `--help` is quick. */
  load(): Promise<{ readonly command: Command }>;
}

/** Every command, by its words. A new one is a file and a line here. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  serve: { about: "start the HTTP API and the web page", load: () => import("./commands/serve.ts") },
  generate: { about: "make pictures from a prompt, moderated", load: () => import("./commands/generate.ts") },
  "check text": { about: "judge a prompt, or many", load: () => import("./commands/check-text.ts") },
  "check image": { about: "judge pictures", load: () => import("./commands/check-image.ts") },
  scan: { about: "judge a whole data set", load: () => import("./commands/scan.ts") },
  "scan verify": {
    about: "hold a data set against the manifest of its scan",
    load: () => import("./commands/scan-verify.ts"),
  },
  "scan undo": {
    about: "put back what a scan has moved to quarantine",
    load: () => import("./commands/scan-undo.ts"),
  },
  worker: {
    about: "judge parts of scans, together with other machines",
    load: () => import("./commands/worker.ts"),
  },
  "hashes add": { about: "put pictures on a list of known ones", load: () => import("./commands/hashes-add.ts") },
  "hashes match": { about: "look pictures up in lists", load: () => import("./commands/hashes-match.ts") },
  train: { about: "train a prompt classifier on labelled texts", load: () => import("./commands/train.ts") },
  evaluate: { about: "measure a trained classifier, choose thresholds", load: () => import("./commands/evaluate.ts") },
  "models list": {
    about: "show the models that ship and those installed",
    load: () => import("./commands/models-list.ts"),
  },
  "models add": { about: "install a CLIP model", load: () => import("./commands/models-add.ts") },
  "models verify": {
    about: "hold the files of models against their hashes",
    load: () => import("./commands/models-verify.ts"),
  },
  "models calibrate": {
    about: "measure a clip detector on pictures of yours",
    load: () => import("./commands/models-calibrate.ts"),
  },
  config: {
    about: "show the settings in force, and where each comes from",
    load: () => import("./commands/config.ts"),
  },
  doctor: { about: "check that every configured part can be used", load: () => import("./commands/doctor.ts") },
  "policy check": {
    about: "look for mistakes in policies and word lists",
    load: () => import("./commands/policy-check.ts"),
  },
  "policy show": {
    about: "print a policy with its defaults filled in",
    load: () => import("./commands/policy-show.ts"),
  },
  "policy schema": {
    about: "print the JSON Schema of policy files, for editors",
    load: () => import("./commands/policy-schema.ts"),
  },
};
