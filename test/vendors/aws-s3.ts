import type { Reply, VendorCall } from "./server.ts";

/** Buckets in memory, addressed by path: what is put can be got until it is deleted. */
export class FakeS3 {
  /** By `bucket/key`. */
  readonly objects = new Map<string, Buffer>();
  /** `METHOD bucket/key`, in order. */
  readonly calls: string[] = [];

  readonly answer = (call: VendorCall): Reply => {
    const path = decodeURIComponent(call.path.split("?", 1)[0] ?? "").slice(1);
    this.calls.push(`${call.method} ${path}`);
    if (call.method === "PUT") {
      this.objects.set(path, contentOf(call));
      return { status: 200, headers: { etag: '"1"' }, body: "" };
    }
    if (call.method === "DELETE") {
      this.objects.delete(path);
      return { status: 204, body: "" };
    }
    const found = this.objects.get(path);
    if (!found) return s3Error(404, "NoSuchKey", "The specified key does not exist.");
    return {
      headers: { "content-type": "application/octet-stream", "content-length": `${found.length}` },
      body: found,
    };
  };
}

export function s3Error(status: number, code: string, message: string): Reply {
  return {
    status,
    headers: { "content-type": "application/xml", "x-amz-request-id": "s3-1" },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>s3-1</RequestId></Error>`,
  };
}

/** A body may come in chunks with checksums behind them (`aws-chunked`). */
function contentOf({ headers, body }: VendorCall): Buffer {
  if (!String(headers["content-encoding"] ?? "").includes("aws-chunked")) return body;
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.subarray(at, end).toString("latin1"), 16);
    if (!size) return Buffer.concat(parts);
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
