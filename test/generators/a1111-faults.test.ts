import { openA1111 } from "../../src/generators/a1111/a1111.ts";
import { A1111Options } from "../../src/generators/a1111/options.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";

process.env["TEST_A1111_FAULTS"] = `me:${KEY}`;

faultSuite("a1111", {
  role: "generator",
  open: (url) => openA1111(A1111Options.parse({ url, auth: { from_env: "TEST_A1111_FAULTS" } })),
  ask: (generator, signal) =>
    generator.generate(
      {
        prompt: PROMPT,
        negativePrompt: "",
        width: 512,
        height: 512,
        attempt: 1,
        images: [{ index: 0, seed: 1 }],
      },
      signal,
    ),
  close: (generator) => generator.close?.(),
  good: ({ path }) =>
    path === "/sdapi/v1/txt2img" ? { body: { images: ["cGljdHVyZQ=="], info: "{}" } } : { body: { progress: 0 } },
  strikes: ({ path }) => path === "/sdapi/v1/txt2img",
  tries: 1,
});
