import { useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { picturesHaveAddresses } from "../api/client.ts";
import type { Problem } from "../api/problem.ts";
import { infoQuery, policyQuery } from "../api/queries.ts";
import { RunView } from "../result/RunView.tsx";
import { isUnderWay } from "../run/run.ts";
import { useSession } from "../run/SessionProvider.tsx";
import { Announcer } from "./Announcer.tsx";
import { Composer } from "./Composer.tsx";
import { type Draft, requestOf } from "./draft.ts";
import { EmptyState } from "./EmptyState.tsx";
import { Examples } from "./Examples.tsx";
import { consequences, type Example } from "./examples.ts";
import { History } from "./History.tsx";
import classes from "./PlaygroundPage.module.css";

const EMPTY_PROMPT: Problem = {
  status: 0,
  code: "invalid_request",
  title: "The prompt is empty",
  detail: "Write what to draw.",
  request_id: null,
  errors: [{ pointer: "#/prompt", detail: "Write what to draw, or take one of the examples" }],
};

/** `/`: write a prompt, watch the checks, see the decision. */
export function PlaygroundPage() {
  const { session, shown, draft, edit, submit, cancel, show } = useSession();
  const info = useQuery(infoQuery);
  const policyName = draft.policy ?? info.data?.default_policy ?? "";
  const policy = useQuery(policyQuery(policyName));
  const generatorName = draft.generator ?? info.data?.default_generator;
  const standIn = info.data?.generators.some(({ name, notice }) => name === generatorName && notice !== null) ?? false;
  const [emptyPrompt, setEmptyPrompt] = useState(false);
  const prompt = useRef<HTMLTextAreaElement>(null);
  const result = useRef<HTMLDivElement>(null);
  const underWay = shown !== undefined && isUnderWay(shown);

  useEffect(() => {
    document.title = "Playground · Safelight";
  }, []);

  const shownKey = shown?.key;
  const seenKey = useRef(shownKey);
  useEffect(() => {
    if (shownKey === seenKey.current) return;
    seenKey.current = shownKey;
    bringIntoView(result.current);
  }, [shownKey]);

  const start = (from: Draft) => {
    const empty = from.prompt.trim() === "";
    setEmptyPrompt(empty);
    if (empty) {
      prompt.current?.focus();
      return;
    }
    // Pictures that the server keeps come by address; base64 only where the answer is the sole copy, or the address needs a key.
    submit(requestOf(from, policy.data?.retention.pictures !== "keep" || !picturesHaveAddresses()));
  };

  const pick = (example: Example) => {
    const next: Draft = { ...draft, prompt: example.prompt, n: example.n };
    edit(next);
    start(next);
  };

  useHotkeys(
    [
      ["mod+Enter", () => start(draft)],
      ["Escape", () => underWay && cancel()],
    ],
    [],
  );

  return (
    <div className={classes["page"]}>
      <h1 className={classes["title"]}>Playground</h1>
      <div className={classes["compose"]}>
        <Composer
          draft={draft}
          edit={edit}
          underWay={underWay}
          problem={emptyPrompt ? EMPTY_PROMPT : (shown?.problem ?? null)}
          lastSeed={shown?.started?.seed ?? null}
          promptRef={prompt}
          onGenerate={() => start(draft)}
          onCancel={cancel}
        />
        <Examples consequences={policy.data ? consequences(policy.data, standIn) : []} onPick={pick} />
      </div>
      <div className={classes["result"]} ref={result}>
        <History runs={session.runs} shown={session.shown} onShow={show} />
        {shown ? <RunView key={shown.key} run={shown} onRetry={() => submit(shown.request)} /> : <EmptyState />}
      </div>
      <Announcer run={shown} />
    </div>
  );
}

/** On a phone the result lies below the form. */
function bringIntoView(element: HTMLElement | null): void {
  if (!element || element.getBoundingClientRect().top < innerHeight * 0.6) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}
