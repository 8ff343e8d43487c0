/** A darkroom lamp. Decoration: the name stands beside it. */
export function Logo({ size = 28 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M15 2h2v5h-2z" fill="currentColor" opacity="0.55" />
      <path d="M5.5 16a10.5 10.5 0 0 1 21 0z" fill="currentColor" opacity="0.55" />
      <path d="M7.5 18h17a8.5 8.5 0 0 1-17 0z" fill="var(--lamp)" />
      <path d="M11.5 20h9a4.5 4.5 0 0 1-9 0z" fill="#ffd9c4" opacity="0.85" />
    </svg>
  );
}
