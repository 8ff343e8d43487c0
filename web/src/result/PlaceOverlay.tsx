import { IconFocusCentered } from "@tabler/icons-react";
import classes from "./PlaceOverlay.module.css";
import type { Place } from "./places.ts";

/**
 * Drawn over a picture that fills its frame. Heat is told by lightness, not by hue, and the region by a line that is dark and
 * light, so that both are seen on any picture and with any colour vision.
 */
export function PlaceOverlay({ place: { region, heat, title } }: { readonly place: Place }) {
  const { x, y, width, height } = region ?? { x: 0, y: 0, width: 1, height: 1 };
  return (
    <svg
      className={classes["overlay"]}
      viewBox="0 0 1 1"
      preserveAspectRatio="none"
      role="img"
      aria-label={`Where: ${title}`}
      data-testid="place"
    >
      {heat?.values.map((value, i) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
          key={i}
          className={classes["cell"]}
          x={(i % heat.columns) / heat.columns}
          y={Math.floor(i / heat.columns) / heat.rows}
          width={1 / heat.columns}
          height={1 / heat.rows}
          fillOpacity={value * 0.7}
        />
      ))}
      <rect className={classes["dark"]} x={x} y={y} width={width} height={height} />
      <rect className={classes["light"]} x={x} y={y} width={width} height={height} />
    </svg>
  );
}

interface PlaceButtonsProps {
  readonly places: readonly Place[];
  /** The key of the place that is drawn. */
  readonly shown: string | null;
  onShow(key: string | null): void;
}

/** One toggle for each finding; at most one place is drawn at a time. */
export function PlaceButtons({ places, shown, onShow }: PlaceButtonsProps) {
  return (
    <ul className={classes["places"]} aria-label="Where it was found">
      {places.map(({ key, title, region, heat }) => (
        <li key={key}>
          <button
            type="button"
            className={classes["toggle"]}
            aria-pressed={key === shown}
            onClick={() => onShow(key === shown ? null : key)}
          >
            <IconFocusCentered size={15} aria-hidden="true" />
            {key === shown ? "Hide where" : "Show where"}: {title}
          </button>
          {key === shown && (
            <span className={classes["note"]}>{note(region !== null, heat !== null, region?.frame)}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

function note(region: boolean, heat: boolean, frame: number | undefined): string {
  if (!region && !heat) return "This check does not say where: it judged the picture as a whole.";
  const at = frame ? ` In frame ${frame + 1} of the animation.` : "";
  return `${heat ? "The lighter, the more it speaks for the finding." : "The frame is what the check found."}${at}`;
}
