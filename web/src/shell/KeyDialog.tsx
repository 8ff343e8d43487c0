import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { type Asking, currentAsking, onAsking } from "../api/key.ts";
import classes from "./KeyDialog.module.css";

/** Asks for a key when the server wants one. */
export function KeyDialog() {
  const asking = useSyncExternalStore(onAsking, currentAsking);
  return asking && <Question asking={asking} />;
}

function Question({ asking }: { readonly asking: Asking }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [key, setKey] = useState("");

  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() !== "") asking.answer(key.trim());
  };
  return (
    <dialog
      ref={dialog}
      className={classes["dialog"]}
      aria-labelledby="key-title"
      onClose={() => asking.answer(null)}
      onKeyDown={(event) => event.stopPropagation()} // the page has shortcuts of its own, Escape among them
    >
      <form onSubmit={submit}>
        <h2 id="key-title">This server needs a key</h2>
        <p>It is kept until this tab is closed, and sent to this server only.</p>
        <TextInput
          type="password"
          label="Key"
          autoComplete="current-password"
          value={key}
          error={asking.refused && key === "" ? "The server refused this key. Try another." : null}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
        <div className={classes["buttons"]}>
          <Button variant="default" onClick={() => asking.answer(null)}>
            Cancel
          </Button>
          <Button type="submit" disabled={key.trim() === ""}>
            Continue
          </Button>
        </div>
      </form>
    </dialog>
  );
}
