import { Button } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";
import { copyText } from "./clipboard.ts";
import classes from "./DeveloperPanel.module.css";

interface DeveloperPanelProps {
  readonly answer: GenerationAnswer;
  readonly curl: string;
}

export function DeveloperPanel({ answer, curl }: DeveloperPanelProps) {
  return (
    <section className={classes["panel"]} aria-label="For developers">
      <Foldable title="The same from a shell" hint="curl">
        <Copyable text={curl} what="curl command" />
      </Foldable>
      <Foldable title="The raw record" hint="JSON">
        <Copyable text={recordText(answer)} what="record" />
      </Foldable>
    </section>
  );
}

function Foldable(props: { readonly title: string; readonly hint: string; readonly children: ReactNode }) {
  return (
    <details className={classes["foldable"]}>
      <summary>
        {props.title} <span>{props.hint}</span>
      </summary>
      {props.children}
    </details>
  );
}

function Copyable({ text, what }: { readonly text: string; readonly what: string }) {
  const [copied, setCopied] = useState<boolean | null>(null);
  const copy = async () => {
    setCopied(await copyText(text));
    setTimeout(() => setCopied(null), 2_000);
  };
  return (
    <div className={classes["code"]}>
      <section
        className={classes["scroll"]}
        aria-label={what}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so it must be reachable without a mouse
        tabIndex={0}
      >
        <pre>{text}</pre>
      </section>
      <Button
        className={classes["copy"] ?? ""}
        size="compact-sm"
        variant="default"
        leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
        onClick={() => void copy()}
      >
        {copied === null ? `Copy ${what}` : copied ? "Copied" : "Select the text and copy it"}
      </Button>
    </div>
  );
}

/** Base64 would bury everything else: it is left out of what is shown and copied, in so many words. */
function recordText(answer: GenerationAnswer): string {
  return JSON.stringify(
    answer,
    (key, value: unknown) =>
      key === "b64" && typeof value === "string" ? `(${value.length} characters of base64, left out here)` : value,
    2,
  );
}
