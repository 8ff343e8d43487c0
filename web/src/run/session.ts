import type { SentRequest } from "../api/client.ts";
import { newRun, type Run, type RunAction, reduceRun } from "./run.ts";

/** What this tab has generated since it was opened, the newest first, and which of it is on screen. */
export interface Session {
  readonly runs: readonly Run[];
  readonly shown: number | null;
}

export type SessionAction =
  | { readonly type: "submitted"; readonly key: number; readonly request: SentRequest }
  | { readonly type: "run"; readonly key: number; readonly action: RunAction }
  | { readonly type: "show"; readonly key: number };

/** Older ones are still in the store; their links keep working. */
const KEPT = 12;

export const EMPTY_SESSION: Session = { runs: [], shown: null };

export function reduceSession(session: Session, action: SessionAction): Session {
  switch (action.type) {
    case "submitted":
      return {
        runs: [newRun(action.key, action.request), ...session.runs].slice(0, KEPT),
        shown: action.key,
      };
    case "run":
      return {
        ...session,
        runs: session.runs.map((run) => (run.key === action.key ? reduceRun(run, action.action) : run)),
      };
    case "show":
      return { ...session, shown: action.key };
    default:
      return action satisfies never;
  }
}

export function shownRun(session: Session): Run | undefined {
  return session.runs.find((run) => run.key === session.shown);
}
