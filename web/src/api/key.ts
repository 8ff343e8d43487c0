/** Kept until the tab is closed; never in an address. */
const KEPT = "safelight-key";

/** What the page asks a person for: a key, or another one because the last was refused. */
export interface Asking {
  readonly refused: boolean;
  /** Null: no key is given. */
  answer(key: string | null): void;
}

let asking: Asking | null = null;
let answered: Promise<string | null> | null = null;
const listeners = new Set<() => void>();

export function keptKey(): string | null {
  return sessionStorage.getItem(KEPT);
}

/**
 * Another key than the one that the server refused. All who wait are answered by one question.
 * @returns null when the person gives none
 */
export function anotherKey(refused: string | null): Promise<string | null> {
  const kept = keptKey();
  if (kept !== refused) return Promise.resolve(kept);
  answered ??= new Promise((resolve) => {
    const answer = (key: string | null) => {
      if (key !== null) sessionStorage.setItem(KEPT, key);
      show(null);
      answered = null;
      resolve(key);
    };
    show({ refused: refused !== null, answer });
  });
  return answered;
}

/** For `useSyncExternalStore`. */
export function onAsking(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function currentAsking(): Asking | null {
  return asking;
}

function show(next: Asking | null): void {
  asking = next;
  for (const listener of listeners) listener();
}
