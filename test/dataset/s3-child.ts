/** s3rver in a process of its own: its continuation tokens need a cipher that OpenSSL 3 has only in its legacy provider. */
import S3rver from "s3rver";

const [directory = "", ...buckets] = process.argv.slice(2);
const server = new S3rver({
  directory,
  port: 0,
  address: "127.0.0.1",
  silent: true,
  configureBuckets: buckets.map((name) => ({ name, configs: [] })),
});
const { port } = await server.run();
process.send?.(port);
process.once("disconnect", () => process.exit());
