import { z } from "zod";

export const NsfwOptions = z.strictObject({});
