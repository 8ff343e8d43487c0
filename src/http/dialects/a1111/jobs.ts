import { SafelightError } from "../../../contract/errors.ts";
import type { GenerationEvent } from "../../../contract/generation.ts";

/** One generation that was asked for through this dialect and has not ended. */
export class Job {
  readonly owner: string;
  /** Pictures. */
  readonly count: number;
  readonly steps: number;
  readonly began = new Date();
  readonly #stop = new AbortController();
  #fraction = 0;
  #ended: "interrupted" | "skipped" | undefined;

  constructor(owner: string, count: number, steps: number) {
    this.owner = owner;
    this.count = count;
    this.steps = steps;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** From 0 to 1, as far as the back end tells. */
  get fraction(): number {
    return this.#fraction;
  }

  get ended(): "interrupted" | "skipped" | undefined {
    return this.#ended;
  }

  see(event: GenerationEvent): void {
    if (event.type === "generation_started") this.#fraction = 0;
    if (event.type === "generation_progress") this.#fraction = event.fraction;
    if (event.type === "generation_finished") this.#fraction = 1;
  }

  end(how: "interrupted" | "skipped"): void {
    this.#ended = how;
    this.#stop.abort(new SafelightError("cancelled", `the caller ${how} it`));
  }
}

/** The generations under way, oldest first. Each owner sees and ends only their own. */
export class Jobs {
  readonly #jobs = new Set<Job>();

  /** Keeps the job for as long as `work` takes. */
  async run<T>(job: Job, work: () => Promise<T>): Promise<T> {
    this.#jobs.add(job);
    try {
      return await work();
    } finally {
      this.#jobs.delete(job);
    }
  }

  endAll(owner: string, how: "interrupted" | "skipped"): void {
    for (const job of this.#of(owner)) job.end(how);
  }

  /** The answer of `GET progress`: of the oldest job. There is never a preview: nobody has judged it. */
  progress(owner: string): object {
    const [job] = this.#of(owner);
    if (!job) return progressBody({ progress: 0, eta_relative: 0 }, IDLE);
    // The web UI begins at 0.01 and is at 1 only when the picture is there; here it is judged first.
    const progress = Math.min(0.99, Math.max(0.01, job.fraction));
    const seconds = (Date.now() - job.began.getTime()) / 1000;
    return progressBody(
      { progress, eta_relative: seconds / progress - seconds },
      {
        ...IDLE,
        skipped: job.ended === "skipped",
        interrupted: job.ended === "interrupted",
        job: "txt2img",
        job_count: job.count,
        job_timestamp: timestamp(job.began),
        job_no: Math.min(job.count - 1, Math.floor(job.fraction * job.count)),
        sampling_step: Math.round(job.fraction * job.steps),
        sampling_steps: job.steps,
      },
    );
  }

  #of(owner: string): Job[] {
    return [...this.#jobs].filter((job) => job.owner === owner);
  }
}

const IDLE = {
  skipped: false,
  interrupted: false,
  stopping_generation: false,
  job: "",
  job_count: 0,
  job_timestamp: "0",
  job_no: 0,
  sampling_step: 0,
  sampling_steps: 0,
};

function progressBody(numbers: { progress: number; eta_relative: number }, state: typeof IDLE): object {
  return { ...numbers, state, current_image: null, textinfo: null };
}

/** `YYYYMMDDhhmmss`, UTC. */
export function timestamp(date: Date): string {
  return date.toISOString().replace(/\D/g, "").slice(0, 14);
}
