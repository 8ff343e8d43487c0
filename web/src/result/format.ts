/** Short, and steady in width: `0.4 ms`, `12.3 ms`, `340 ms`, `1.25 s`. */
export function milliseconds(value: number): string {
  if (value < 99.95) return `${value.toFixed(1)} ms`;
  if (value < 999.5) return `${value.toFixed(0)} ms`;
  return `${(value / 1000).toFixed(2)} s`;
}

export function percent(fraction: number): string {
  const value = fraction * 100;
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} %`;
}

export function score(value: number): string {
  return value.toFixed(2);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
