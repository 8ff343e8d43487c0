import { z } from "zod";
import { PolicySchema } from "../../policy/schema.ts";
import { defineCommand, EXIT } from "../command.ts";

export const command = defineCommand({
  usage: "",
  about: "prints the JSON Schema of policy files, for editors",
  options: {},
  examples: [["safelight policy schema > policy.schema.json", ""]],
  async run(_parsed, io) {
    await io.out(`${JSON.stringify(z.toJSONSchema(PolicySchema, { io: "input" }), null, 2)}\n`);
    return EXIT.allowed;
  },
});
