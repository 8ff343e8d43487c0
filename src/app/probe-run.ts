import type { ProbeRun } from "../contract/probe.ts";

/** Remembers what was asked for as long as it lives. What is still being asked at its end is called off. */
export class SharedQuestions implements ProbeRun {
  readonly deep: boolean;
  readonly #asked = new Map<string, Promise<string>>();
  readonly #ended = new AbortController();

  constructor(deep: boolean) {
    this.deep = deep;
  }

  once(key: string, ask: (signal: AbortSignal) => Promise<string>): Promise<string> {
    const answer = this.#asked.get(key) ?? ask(this.#ended.signal);
    this.#asked.set(key, answer);
    return answer;
  }

  end(): void {
    this.#ended.abort();
  }
}
