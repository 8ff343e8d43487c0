/** Saves a picture larger than a file may be, and then a small one: `node file-limit-child.ts <folder>`, under `ulimit -f`. */
import { openStore } from "../../src/store/embedded.ts";
import { picture, recordOf } from "./samples.ts";

const store = await openStore(process.argv[2] ?? "");
const [large, small] = [picture(1, 4_000_000), picture(2)];
const [tooMuch, enough] = [recordOf([large]), recordOf([small])];
const error = await store.save(tooMuch, [large]).catch((failure) => [failure.code, failure.detail]);
await store.save(enough, [small]);
console.log(
  JSON.stringify({
    error,
    recordFound: (await store.get(tooMuch.id)) !== undefined,
    pictureFound: (await store.picture(large.digest)) !== undefined,
    smallFound: (await store.get(enough.id)) !== undefined && (await store.picture(small.digest)) !== undefined,
  }),
);
await store.close();
