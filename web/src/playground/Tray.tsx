import classes from "./EmptyState.module.css";

/** A sheet of paper in the developer, under the lamp. Decoration. */
export function Tray() {
  return (
    <svg viewBox="0 0 320 190" className={classes["tray"]} aria-hidden="true" focusable="false">
      <defs>
        <linearGradient id="beam" x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" stopColor="var(--lamp)" stopOpacity="0.42" />
          <stop offset="1" stopColor="var(--lamp)" stopOpacity="0" />
        </linearGradient>
      </defs>
      <path d="M140 46h40l74 106H66z" fill="url(#beam)" />
      <path d="M158 0h4v20h-4z" fill="var(--muted)" opacity="0.6" />
      <path d="M132 40a28 24 0 0 1 56 0z" fill="var(--muted)" opacity="0.6" />
      <path d="M138 43h44a22 13 0 0 1-44 0z" fill="var(--lamp)" />
      <path
        d="M44 146h232l-20 38a8 8 0 0 1-7 4H71a8 8 0 0 1-7-4z"
        fill="var(--surface)"
        stroke="var(--line)"
        strokeWidth="2"
      />
      <path d="M96 118h128l18 44H78z" fill="var(--mantine-color-body)" stroke="var(--line)" strokeWidth="2" />
      <path d="M112 152l22-18 16 12 20-20 34 26z" fill="var(--muted)" opacity="0.28" />
      <circle cx="196" cy="131" r="4.5" fill="var(--lamp)" opacity="0.55" />
    </svg>
  );
}
