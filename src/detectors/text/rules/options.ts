import { z } from "zod";

export const RulesOptions = z.strictObject({});
