import { z } from "zod";

/** From the mildest to the strongest. The strongest reason wins. `blur` has no meaning for a prompt. */
export const ACTIONS = ["allow", "warn", "blur", "review", "block"] as const;
export const ActionSchema = z.enum(ACTIONS);
export type Action = z.infer<typeof ActionSchema>;

export const STAGES = ["prompt", "image"] as const;
export const StageSchema = z.enum(STAGES);
export type Stage = z.infer<typeof StageSchema>;

/** Position in {@link ACTIONS}: 0 for `allow`, 4 for `block`. */
export function severity(action: Action): number {
  return ACTIONS.indexOf(action);
}

export function strongest(actions: Iterable<Action>): Action {
  let worst: Action = "allow";
  for (const action of actions) if (severity(action) > severity(worst)) worst = action;
  return worst;
}
