import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { openStore } from "../../src/store/embedded.ts";
import { type Place, storeContract } from "./store-contract.ts";

async function embedded(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "safelight-store-"));
  return { open: () => openStore(folder), remove: () => rm(folder, { recursive: true, force: true }) };
}

describe.each(Object.entries({ embedded }))("store", (name, newPlace) => storeContract(name, newPlace));
