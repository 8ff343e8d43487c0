import { Button, Loader } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { problemOf } from "../api/problem.ts";
import { generationQuery } from "../api/queries.ts";
import { draftOf } from "../playground/draft.ts";
import { AnswerView } from "../result/AnswerView.tsx";
import { curlRead } from "../result/curl.ts";
import { ProblemNotice } from "../result/ProblemNotice.tsx";
import { timelineOfRecord } from "../result/timeline.ts";
import { useSession } from "../run/SessionProvider.tsx";
import classes from "./GenerationPage.module.css";

/** `/generations/$id`: a stored record, for whoever has its link. */
export function GenerationPage() {
  const { id } = useParams({ from: "/generations/$id" });
  const generation = useQuery(generationQuery(id));
  const { edit } = useSession();
  const navigate = useNavigate();
  const answer = generation.data;

  useEffect(() => {
    document.title = "Generation · Safelight";
  }, []);

  if (generation.isPending) {
    return (
      <div className={classes["centre"]} role="status" aria-label="Loading the record">
        <Loader type="dots" />
      </div>
    );
  }
  if (!answer) {
    const problem = problemOf(generation.error);
    return (
      <div className={classes["page"]}>
        <ProblemNotice problem={problem} onRetry={() => void generation.refetch()} />
      </div>
    );
  }
  const { prompt } = answer.request;
  const repeat = () => {
    edit(draftOf(answer));
    void navigate({ to: "/" });
  };
  return (
    <div className={classes["page"]}>
      <div className={classes["head"]}>
        <div>
          <h1 className={classes["title"]}>Generation</h1>
          <p className={classes["facts"]}>
            <time dateTime={answer.created_at}>{new Date(answer.created_at).toLocaleString()}</time> · {answer.id}
          </p>
        </div>
        <Button variant="default" leftSection={<IconPencil size={16} />} onClick={repeat}>
          {prompt === null ? "Open in the playground" : "Edit and run again"}
        </Button>
      </div>
      <AnswerView
        answer={answer}
        prompt={prompt}
        timeline={timelineOfRecord(answer)}
        curl={curlRead(location.origin, answer.id)}
      />
    </div>
  );
}
