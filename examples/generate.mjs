// One moderated picture, from any program that speaks HTTP. Usage: node examples/generate.mjs "a red boat on a lake" boat.png
import { writeFile } from "node:fs/promises";

const [prompt = "a red boat on a lake", file = "picture.png"] = process.argv.slice(2);
const base = process.env.SAFELIGHT_URL ?? "http://127.0.0.1:8080";

const response = await fetch(`${base}/api/v1/generations`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ prompt }),
});
const answer = await response.json();

if (answer.code === "prompt_blocked") {
  console.error(`Refused: ${answer.detail}`);
  for (const { evidence } of answer.prompt.reasons) {
    if (evidence?.span) console.error(`  because of: ${prompt.slice(...evidence.span)}`);
  }
  process.exit(1);
}
if (!response.ok) throw new Error(`${answer.code}: ${answer.detail}`);

for (const warning of answer.warnings) console.error(`Warning: ${warning.message}`);
const [image] = answer.images;
if (!image.b64) process.exit(1);
await writeFile(file, Buffer.from(image.b64, "base64"));
console.log(
  `${file}: ${image.action}, moderation took ${(answer.timings.total_ms * answer.timings.moderation_share).toFixed(1)} ms`,
);
