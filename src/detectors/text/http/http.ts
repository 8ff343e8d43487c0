import type { TextDetector } from "../../../contract/detector.ts";
import type { HttpOptions } from "../../vendors/http/options.ts";
import { HttpService } from "../../vendors/http/service.ts";

/** Changes with the contracts, or with what is made of the answers. */
const CODE_VERSION = "1";

/** Any service that scores texts over HTTP. */
export async function openHttpText(options: HttpOptions): Promise<TextDetector> {
  const service = new HttpService(options);
  return {
    id: "http",
    version: `${CODE_VERSION}.${options.format}`,
    categories: [...new Set(options.categories)],
    inspect: ({ text }, signal, meter) => service.inspect({ kind: "text", text }, signal, meter),
    close: () => service.close(),
  };
}
