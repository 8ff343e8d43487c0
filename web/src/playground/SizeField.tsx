import { NumberInput, SegmentedControl } from "@mantine/core";
import { useState } from "react";
import type { Limits } from "../../../src/contract/limits.ts";
import { fieldError, type Problem } from "../api/problem.ts";
import classes from "./Composer.module.css";
import { type Draft, SIZES, sizeOf } from "./draft.ts";

interface SizeFieldProps {
  readonly draft: Draft;
  readonly edit: (change: Partial<Draft>) => void;
  readonly limits: Limits | undefined;
  readonly problem: Problem | null;
}

export function SizeField({ draft, edit, limits, problem }: SizeFieldProps) {
  const [custom, setCustom] = useState(false);
  const matching = sizeOf(draft);
  const shown = custom ? "custom" : matching;
  const error = { width: fieldError(problem, "width"), height: fieldError(problem, "height") };
  const choose = (id: string) => {
    setCustom(id === "custom");
    const preset = SIZES.find((size) => size.id === id);
    if (preset) edit({ width: preset.width, height: preset.height });
  };
  return (
    <div>
      <div className={classes["sizehead"]}>
        Size <span>{description(draft, limits, shown)}</span>
      </div>
      <SegmentedControl
        fullWidth
        size="xs"
        aria-label="Size"
        data={[...SIZES.map(({ id, label }) => ({ value: id as string, label })), { value: "custom", label: "Custom" }]}
        value={shown}
        onChange={choose}
      />
      {(shown === "custom" || error.width || error.height) && (
        <div className={classes["custom"]}>
          {(["width", "height"] as const).map((side) => (
            <NumberInput
              key={side}
              aria-label={side === "width" ? "Width in pixels" : "Height in pixels"}
              suffix=" px"
              step={8}
              min={limits?.image_side_min ?? 64}
              max={limits?.image_side_max ?? 2048}
              clampBehavior="none"
              allowDecimal={false}
              allowNegative={false}
              value={draft[side]}
              onChange={(value) => edit({ [side]: typeof value === "number" ? value : "" })}
              error={error[side]}
            />
          ))}
        </div>
      )}
    </div>
  );
}

function description(draft: Draft, limits: Limits | undefined, shown: string): string {
  if (shown !== "custom") return `${draft.width} × ${draft.height}`;
  const range = limits ? `, ${limits.image_side_min} to ${limits.image_side_max}` : "";
  return `multiples of 8${range}`;
}
