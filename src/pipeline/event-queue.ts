/** Hands events from work that pushes them to one consumer that iterates. Nothing is lost before the consumer starts. */
export class EventQueue<Event> implements AsyncIterator<Event, undefined> {
  readonly #waiting: Event[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  push(event: Event): void {
    this.#waiting.push(event);
    this.#wake?.();
  }

  /** The consumer's loop ends once it has seen what was pushed before. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<Event, undefined>> {
    for (;;) {
      const [event] = this.#waiting.splice(0, 1);
      if (event !== undefined) return { done: false, value: event };
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
