import { ActionIcon, NumberInput, Tooltip } from "@mantine/core";
import { IconDice5, IconLock, IconLockOpen } from "@tabler/icons-react";
import { type Draft, randomSeed } from "./draft.ts";

interface SeedFieldProps {
  readonly draft: Draft;
  readonly edit: (change: Partial<Draft>) => void;
  /** What the last generation used. */
  readonly lastSeed: number | null;
  readonly error: string | null;
}

/** Empty means another seed each time. The lock keeps one; the dice draws one and keeps it. */
export function SeedField({ draft, edit, lastSeed, error }: SeedFieldProps) {
  const locked = draft.seed !== null;
  const lockLabel = locked ? "Seed locked. Use another one each time" : lockedBy(lastSeed);
  return (
    <NumberInput
      label="Seed"
      placeholder="random"
      hideControls
      allowDecimal={false}
      allowNegative={false}
      clampBehavior="none"
      value={draft.seed ?? ""}
      onChange={(seed) => edit({ seed: typeof seed === "number" ? seed : null })}
      error={error}
      rightSectionWidth={72}
      rightSection={
        <>
          <Tooltip label="Draw a new seed">
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label="Draw a new seed"
              onClick={() => edit({ seed: randomSeed() })}
            >
              <IconDice5 size={18} stroke={1.6} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={lockLabel}>
            <ActionIcon
              variant="subtle"
              color={locked ? "safelight" : "gray"}
              aria-label={lockLabel}
              aria-pressed={locked}
              onClick={() => edit({ seed: locked ? null : (lastSeed ?? randomSeed()) })}
            >
              {locked ? <IconLock size={17} stroke={1.8} /> : <IconLockOpen size={17} stroke={1.6} />}
            </ActionIcon>
          </Tooltip>
        </>
      }
    />
  );
}

function lockedBy(lastSeed: number | null): string {
  return lastSeed === null ? "Lock the seed" : `Lock the last seed, ${lastSeed}`;
}
