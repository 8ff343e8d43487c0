import { Input, NumberInput, SegmentedControl } from "@mantine/core";
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
    <Input.Wrapper label="Size" labelElement="div" description={description(draft, limits, shown)}>
      <SegmentedControl
        mt={4}
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
    </Input.Wrapper>
  );
}

function description(draft: Draft, limits: Limits | undefined, shown: string): string {
  if (shown !== "custom") return `${draft.width} × ${draft.height} pixels`;
  const range = limits ? `, ${limits.image_side_min} to ${limits.image_side_max}` : "";
  return `Width and height in multiples of 8${range}.`;
}
