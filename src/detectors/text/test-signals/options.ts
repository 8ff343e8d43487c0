import { z } from "zod";

export const TestSignalsOptions = z.strictObject({});
