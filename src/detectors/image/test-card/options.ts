import { z } from "zod";

export const TestCardOptions = z.strictObject({});
