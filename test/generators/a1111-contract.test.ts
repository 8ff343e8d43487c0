import { openA1111 } from "../../src/generators/a1111/a1111.ts";
import { A1111Options } from "../../src/generators/a1111/options.ts";
import { generatorContract } from "./contract.ts";

generatorContract("a1111", {
  schema: A1111Options,
  options: {},
  open: openA1111,
  seeds: true,
  batches: true,
  encoding: "base64",
  secret: "auth",
  vendor: (script) => {
    const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
    return async (call) => {
      if (call.path.startsWith("/sdapi/v1/progress")) return { body: { progress: 0.5 } };
      if (call.path === "/sdapi/v1/interrupt") {
        interrupt();
        return { body: {} };
      }
      await Promise.race([script.ready, interrupted]);
      // what the generator sends: its own tests hold that
      const job = call.json() as { seed: number; n_iter: number };
      const seeds = Array.from({ length: script.count(job.n_iter) }, (_, i) => job.seed + i);
      const images = seeds.map((seed) => {
        const given = script.picture(seed);
        if (given.kind === "withheld") throw new Error("this server has no filter");
        return given.kind === "text" ? given.text : Buffer.from(given.bytes).toString("base64");
      });
      return { body: { images, parameters: {}, info: JSON.stringify({ all_seeds: seeds, index_of_first_image: 0 }) } };
    };
  },
});
