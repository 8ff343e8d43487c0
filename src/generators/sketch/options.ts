import { z } from "zod";

export const SketchOptions = z.strictObject({});
