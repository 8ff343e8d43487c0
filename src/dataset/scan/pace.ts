/** The rate is that of the last while, so that a scan that slows down says so. */
const WHILE_MS = 10_000;

/** How fast pictures are judged. */
export class Pace {
  readonly #marks: { readonly at: number; readonly done: number }[] = [];

  /** @param now as `performance.now()` has it */
  mark(done: number, now: number): void {
    this.#marks.push({ at: now, done });
    while (this.#marks.length > 2 && now - (this.#marks[0]?.at ?? now) > WHILE_MS) this.#marks.shift();
  }

  /** Pictures a second; 0 where nothing is known yet. */
  get rate(): number {
    const [first] = this.#marks;
    const last = this.#marks.at(-1);
    const seconds = ((last?.at ?? 0) - (first?.at ?? 0)) / 1_000;
    return seconds > 0 ? ((last?.done ?? 0) - (first?.done ?? 0)) / seconds : 0;
  }
}
