import type { App, Door } from "../../types.ts";
import { answerError } from "./faults.ts";
import { jsonRoutes } from "./json.ts";
import { invokeRoutes } from "./sagemaker/invoke.ts";

/** Rekognition, Comprehend and the SageMaker runtime, for clients with `endpoint` set to this server's `/aws`. */
export const AWS = {
  name: "aws",
  base: "/aws",
  routes(app: App, door: Door): void {
    jsonRoutes(app, door);
    invokeRoutes(app, door);
  },
  answerError,
};
