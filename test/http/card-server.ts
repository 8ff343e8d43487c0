import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import sharp from "sharp";
import { TEST_CARD_GRID, type TestCard, testCardCells } from "../../src/contract/test-card.ts";
import { readTestSignals } from "../../src/contract/test-signals.ts";

export interface CardServer {
  readonly url: string;
  /** Every picture that was handed out, as it was. */
  readonly made: readonly Buffer[];
  close(): Promise<void>;
}

/** A web UI that draws nothing but test cards: of the prompt's first image signal, with other noise for every seed. */
export async function serveCards(): Promise<CardServer> {
  const made: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer); // without an encoding, streams give buffers
    if (!request.url?.startsWith("/sdapi/v1/txt2img")) return void response.end(JSON.stringify({ progress: 0.5 }));
    const job = JSON.parse(Buffer.concat(chunks).toString()) as {
      prompt: string;
      width: number;
      height: number;
      seed: number;
      n_iter: number;
    };
    const images: string[] = [];
    for (let i = 0; i < job.n_iter; i++) {
      const picture = await draw(cardOf(job.prompt), job.width, job.height, job.seed + i);
      made.push(picture);
      images.push(picture.toString("base64"));
    }
    const all_seeds = images.map((_, i) => job.seed + i);
    response.end(JSON.stringify({ images, parameters: {}, info: JSON.stringify({ all_seeds }) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    made,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function cardOf(prompt: string): TestCard {
  for (const signal of readTestSignals(prompt)) {
    if (signal.stage !== "image") continue;
    if (signal.effect === "score") return { kind: "score", category: signal.category, score: signal.score };
    if (signal.effect === "error") return { kind: "error" };
  }
  throw new Error("the prompt asks for no test card");
}

async function draw(card: TestCard, width: number, height: number, seed: number): Promise<Buffer> {
  const { columns, rows, x: left, y: top } = TEST_CARD_GRID;
  const cells = testCardCells(card);
  const rgb = Buffer.alloc(width * height * 3);
  let state = seed | 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const column = Math.floor(((x / width - left) / TEST_CARD_GRID.width) * columns);
      const row = Math.floor(((y / height - top) / TEST_CARD_GRID.height) * rows);
      const inside = column >= 0 && column < columns && row >= 0 && row < rows;
      state = Math.imul(state, 1_664_525) + 1_013_904_223;
      const noise = (state >>> 24) & 0x1f;
      const value = inside ? (cells[row * columns + column] ? 224 + noise : noise) : 96 + noise;
      rgb.fill(value, (y * width + x) * 3, (y * width + x) * 3 + 3);
    }
  }
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}
