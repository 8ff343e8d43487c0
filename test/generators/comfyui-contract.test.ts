import { openComfyui } from "../../src/generators/comfyui/comfyui.ts";
import { ComfyuiOptions } from "../../src/generators/comfyui/options.ts";
import { faultSuite, KEY, PROMPT } from "../vendors/faults.ts";
import type { Reply, VendorCall } from "../vendors/server.ts";
import { comfyuiProtocol, seedOf } from "./comfyui-server.ts";
import { generatorContract } from "./contract.ts";

generatorContract("comfyui", {
  schema: ComfyuiOptions,
  options: { checkpoint: "sd15.safetensors" },
  open: (options) => openComfyui(options, { folder: "/" }),
  seeds: true,
  batches: false,
  encoding: "bytes",
  secret: "auth",
  vendor: (script) =>
    comfyuiProtocol({
      work: ({ interrupted }) => Promise.race([script.ready, interrupted]),
      outputs: (job) => ({ "9": { images: [{ filename: String(seedOf(job)), subfolder: "", type: "temp" }] } }),
      view: (query) => {
        const given = script.picture(Number(query.get("filename")));
        if (given.kind !== "bytes") throw new Error("this server has no filter, and no base64");
        return { headers: { "content-type": "image/png" }, body: given.bytes };
      },
    }).answer,
});

const request = {
  prompt: PROMPT,
  negativePrompt: "",
  width: 512,
  height: 512,
  attempt: 1,
  images: [{ index: 0, seed: 1 }],
};
/** A job that has ended as soon as it is there. */
function good({ path }: VendorCall): Reply {
  if (path === "/prompt") return { body: { prompt_id: "p1", number: 1, node_errors: {} } };
  if (path === "/queue") return { body: { queue_running: [], queue_pending: [] } };
  if (path.startsWith("/view")) return { headers: { "content-type": "image/png" }, body: "picture" };
  const images = [{ filename: "a.png", subfolder: "", type: "temp" }];
  return { body: { p1: { outputs: { "9": { images } }, status: { status_str: "success", completed: true } } } };
}

process.env["TEST_COMFYUI_FAULTS"] = `me:${KEY}`;

faultSuite("comfyui", {
  role: "generator",
  open: (url) =>
    openComfyui(ComfyuiOptions.parse({ url, checkpoint: "x", auth: { from_env: "TEST_COMFYUI_FAULTS" } }), {
      folder: "/",
    }),
  ask: (generator, signal) => generator.generate(request, signal),
  close: (generator) => generator.close?.(),
  good,
  strikes: ({ path }) => path === "/prompt",
});
