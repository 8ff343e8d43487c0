import type { Decision } from "../contract/decision.ts";
import type { GenerationEvent, GenerationRecord } from "../contract/generation.ts";
import type { Io } from "./io.ts";
import { shownAction } from "./verdict.ts";

/** Tells a person on stderr how a generation goes. */
export class Progress {
  readonly #io: Io;
  #record: GenerationRecord | undefined;

  constructor(io: Io) {
    this.#io = io;
  }

  /** Of the generation that has been shown to its end. */
  get record(): GenerationRecord {
    if (!this.#record) throw new Error("the generation ended without a record");
    return this.#record;
  }

  show(event: GenerationEvent): void {
    if (event.type === "finished") this.#record = event.record;
    if (event.type === "generation_progress" && this.#io.watched) {
      this.#io.err(`\r${Math.round(event.fraction * 100)} %\r`);
    }
    const text = this.#told(event);
    if (text === undefined) return;
    const clock = "at_ms" in event ? this.#io.styled("dim", `  ${event.at_ms.toFixed(0)} ms`, "err") : "";
    this.#io.err(`${text}${clock}\n`);
  }

  #told(event: GenerationEvent): string | undefined {
    switch (event.type) {
      case "started": {
        const notice = event.notice ? `\n${this.#io.styled("yellow", event.notice, "err")}` : "";
        return `policy ${event.policy.name} ${event.policy.version}, generator ${event.generator}, seed ${event.seed}${notice}`;
      }
      case "prompt_decided":
        return `prompt: ${this.#verdict(event.decision)}`;
      case "generation_started": {
        const again = event.attempt > 1 ? `, attempt ${event.attempt}` : "";
        const count = event.images.length;
        return `making ${count} picture${count === 1 ? "" : "s"}${again}`;
      }
      case "generation_finished":
        return "made";
      case "image_decided":
        return `picture ${event.index + 1}: ${this.#verdict(event.decision)}${event.retry ? "; again, with a new seed" : ""}`;
      case "finished": {
        const { total_ms, moderation_share } = event.record.timings;
        return `${event.record.state}; moderation took ${(total_ms * moderation_share).toFixed(0)} ms`;
      }
      case "generation_progress":
      case "prompt_report":
      case "image_report":
        return undefined;
      default:
        return event satisfies never;
    }
  }

  #verdict({ action }: Decision): string {
    return shownAction(this.#io, action, "err").trimEnd();
  }
}
