import { useEffect, useState } from "react";
import { revealPicture } from "../api/client.ts";
import { type Problem, problemOf } from "../api/problem.ts";

interface Reveal {
  /** Address of the original while it is revealed. */
  readonly original: string | null;
  readonly loading: boolean;
  readonly problem: Problem | null;
  toggle(): void;
}

/** Fetches the original when asked to, and forgets it when hidden: every look is a reveal, and each is recorded. */
export function useReveal(id: string, index: number): Reveal {
  const [original, setOriginal] = useState<string | null>(null);
  const [loading, setLoading] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  useEffect(() => () => void (original && URL.revokeObjectURL(original)), [original]);

  const reveal = async () => {
    setLoading(true);
    setProblem(null);
    try {
      setOriginal(URL.createObjectURL(await revealPicture(id, index)));
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setLoading(false);
    }
  };

  return { original, loading, problem, toggle: () => (original ? setOriginal(null) : void reveal()) };
}
