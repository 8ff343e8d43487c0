import { Transform } from "node:stream";
import { SafelightError } from "../../contract/errors.ts";

/** Lets so many bytes through, and fails with `config_invalid` on the next. */
export function sizeGuard(mostBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > mostBytes) done(tooLarge(mostBytes));
      else done(null, chunk);
    },
  });
}

export function tooLarge(mostBytes: number): SafelightError {
  return new SafelightError("config_invalid", `a model may have ${Math.floor(mostBytes / 2 ** 20)} MiB at most`);
}
