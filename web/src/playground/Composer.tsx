import { Button, Kbd, Loader, NumberInput, Select, Textarea } from "@mantine/core";
import { useOs } from "@mantine/hooks";
import { IconPlayerStopFilled, IconSparkles } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Ref } from "react";
import { fieldError, type Problem } from "../api/problem.ts";
import { infoQuery, policiesQuery } from "../api/queries.ts";
import classes from "./Composer.module.css";
import type { Draft } from "./draft.ts";
import { SeedField } from "./SeedField.tsx";
import { ServerNotice } from "./ServerNotice.tsx";
import { SizeField } from "./SizeField.tsx";

interface ComposerProps {
  readonly draft: Draft;
  readonly edit: (change: Partial<Draft>) => void;
  readonly underWay: boolean;
  /** Of the last request: its field errors are shown under their fields. */
  readonly problem: Problem | null;
  readonly lastSeed: number | null;
  readonly promptRef: Ref<HTMLTextAreaElement>;
  readonly onGenerate: () => void;
  readonly onCancel: () => void;
}

export function Composer(props: ComposerProps) {
  const { draft, edit, problem } = props;
  const info = useQuery(infoQuery);
  const limits = info.data?.limits;
  const generators = info.data?.generators ?? [];
  return (
    <form
      className={classes["form"]}
      aria-label="Generation"
      onSubmit={(event) => {
        event.preventDefault();
        props.onGenerate();
      }}
    >
      <Textarea
        ref={props.promptRef}
        label="Prompt"
        placeholder="What should be drawn?"
        autosize
        minRows={3}
        maxRows={12}
        size="md"
        spellCheck={false}
        value={draft.prompt}
        onChange={(event) => edit({ prompt: event.currentTarget.value })}
        description={promptCount(draft.prompt, limits?.prompt_characters)}
        inputWrapperOrder={["label", "input", "error", "description"]}
        error={fieldError(problem, "prompt")}
      />
      <Textarea
        label="Negative prompt"
        placeholder="What should stay out? The policy adds its own."
        autosize
        minRows={1}
        maxRows={6}
        spellCheck={false}
        value={draft.negative_prompt}
        onChange={(event) => edit({ negative_prompt: event.currentTarget.value })}
        error={fieldError(problem, "negative_prompt")}
      />
      <SizeField draft={draft} edit={edit} limits={limits} problem={problem} />
      <div className={classes["pair"]}>
        <NumberInput
          label="Pictures"
          min={1}
          max={limits?.images_per_request ?? 8}
          clampBehavior="none"
          allowDecimal={false}
          allowNegative={false}
          value={draft.n}
          onChange={(n) => edit({ n: typeof n === "number" ? n : "" })}
          error={fieldError(problem, "n")}
        />
        <SeedField draft={draft} edit={edit} lastSeed={props.lastSeed} error={fieldError(problem, "seed")} />
      </div>
      <PolicySelect draft={draft} edit={edit} error={fieldError(problem, "policy")} />
      {generators.length > 1 && (
        <Select
          label="Generator"
          allowDeselect={false}
          data={generators.map(({ name }) => ({ value: name, label: name }))}
          value={draft.generator ?? info.data?.default_generator ?? null}
          onChange={(generator) => edit({ generator })}
          error={fieldError(problem, "generator")}
        />
      )}
      {info.error && <ServerNotice error={info.error} onRetry={() => void info.refetch()} />}
      <div className={classes["actions"]}>
        <Button
          type="submit"
          size="md"
          leftSection={
            props.underWay ? <Loader size={16} color="currentColor" /> : <IconSparkles size={18} stroke={1.8} />
          }
          rightSection={props.underWay ? null : <Shortcut />}
        >
          {props.underWay ? "Generating…" : "Generate"}
        </Button>
        {props.underWay && (
          <Button
            size="md"
            variant="default"
            leftSection={<IconPlayerStopFilled size={15} />}
            rightSection={<Kbd size="xs">Esc</Kbd>}
            onClick={props.onCancel}
          >
            Cancel
          </Button>
        )}
      </div>
    </form>
  );
}

function PolicySelect({
  draft,
  edit,
  error,
}: Pick<ComposerProps, "draft" | "edit"> & { readonly error: string | null }) {
  const policies = useQuery(policiesQuery);
  const byDefault = policies.data?.find((policy) => policy.default)?.name;
  const chosen = draft.policy ?? byDefault ?? null;
  return (
    <Select
      label="Policy"
      placeholder={policies.isLoading ? "Loading…" : "The server's default"}
      allowDeselect={false}
      data={(policies.data ?? []).map(({ name, version }) => ({ value: name, label: `${name}, version ${version}` }))}
      renderOption={({ option }) => (
        <div>
          {option.label}
          <div className={classes["about"]}>
            {policies.data?.find(({ name }) => name === option.value)?.description}
          </div>
        </div>
      )}
      value={chosen}
      onChange={(policy) => edit({ policy })}
      error={error}
    />
  );
}

function Shortcut() {
  const os = useOs();
  const keys = [os === "macos" || os === "ios" ? "⌘" : "Ctrl", "Enter"];
  return (
    <span className={classes["shortcut"]} aria-hidden="true">
      {keys.map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}

/** Silent until the limit is in sight. */
function promptCount(prompt: string, limit: number | undefined): string | undefined {
  if (limit === undefined || prompt.length < limit * 0.8) return undefined;
  return `${prompt.length.toLocaleString("en")} of ${limit.toLocaleString("en")} characters`;
}
