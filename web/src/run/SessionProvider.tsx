import { createContext, type ReactNode, use, useCallback, useMemo, useReducer, useRef, useState } from "react";
import { generate, type SentRequest } from "../api/client.ts";
import { problemOf } from "../api/problem.ts";
import { type Draft, EMPTY_DRAFT } from "../playground/draft.ts";
import type { Run } from "./run.ts";
import { EMPTY_SESSION, reduceSession, type Session, shownRun } from "./session.ts";

interface SessionContext {
  readonly session: Session;
  readonly shown: Run | undefined;
  readonly draft: Draft;
  edit(change: Partial<Draft>): void;
  /** Starts a generation; one that is under way is cancelled. */
  submit(request: SentRequest): void;
  cancel(): void;
  show(key: number): void;
}

const Context = createContext<SessionContext | null>(null);

/** What outlives a change of screen: the form as it was left, and this tab's generations. */
export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [session, dispatch] = useReducer(reduceSession, EMPTY_SESSION);
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  const underWay = useRef<AbortController>(null);
  const lastKey = useRef(0);

  const cancel = useCallback(() => underWay.current?.abort(), []);

  const submit = useCallback(async (request: SentRequest) => {
    underWay.current?.abort();
    const controller = new AbortController();
    underWay.current = controller;
    const key = ++lastKey.current;
    dispatch({ type: "submitted", key, request });
    try {
      for await (const event of generate(request, controller.signal)) {
        dispatch({ type: "run", key, action: { type: "event", event } });
      }
    } catch (error) {
      const action = controller.signal.aborted
        ? ({ type: "cancelled" } as const)
        : ({ type: "failed", problem: problemOf(error) } as const);
      dispatch({ type: "run", key, action });
    }
  }, []);

  const value = useMemo<SessionContext>(
    () => ({
      session,
      shown: shownRun(session),
      draft,
      edit: (change) => setDraft((before) => ({ ...before, ...change })),
      submit: (request) => void submit(request),
      cancel,
      show: (key) => dispatch({ type: "show", key }),
    }),
    [session, draft, submit, cancel],
  );
  return <Context value={value}>{children}</Context>;
}

export function useSession(): SessionContext {
  const value = use(Context);
  if (!value) throw new Error("useSession needs a SessionProvider above it");
  return value;
}
