import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconBan, IconDownload, IconEye, IconEyeOff, IconHandStop, IconPhotoOff } from "@tabler/icons-react";
import { useState } from "react";
import type { GenerationAnswer } from "../../../src/contract/generation.ts";
import { notCovered } from "./coverage.ts";
import { plural } from "./format.ts";
import { KINDS, type Picture, type PictureKind, pictureKind, pictureReason } from "./outcome.ts";
import classes from "./Pictures.module.css";
import { PlaceButtons, PlaceOverlay } from "./PlaceOverlay.tsx";
import { fileName, pictureSource } from "./pictures.ts";
import { placesOf } from "./places.ts";
import { useReveal } from "./useReveal.ts";

interface PictureCardProps {
  readonly answer: GenerationAnswer;
  readonly picture: Picture;
  readonly mayReveal: boolean;
  /** Shows the table of what was looked for. */
  onCoverage(): void;
}

export function PictureCard({ answer, picture, mayReveal, onCoverage }: PictureCardProps) {
  const kind = pictureKind(answer, picture);
  const { title, tone } = KINDS[kind];
  const released = pictureSource(answer.id, picture);
  const reveal = useReveal(answer.id, picture.index);
  const source = reveal.original ?? released;
  const name = `Picture ${picture.index + 1}`;
  const places = source ? placesOf(picture.reasons) : [];
  const [shownPlace, setShownPlace] = useState<string | null>(null);
  const place = places.find(({ key }) => key === shownPlace);
  const gaps = notCovered(picture.coverage);
  return (
    <li className={classes["card"]} data-tone={tone} data-kind={kind} data-testid="picture">
      <div className={classes["frame"]} style={{ aspectRatio: ratio(answer, picture) }}>
        {source ? (
          <img src={source} alt={reveal.original ? `${name}, the original` : `${name}: ${title}`} />
        ) : (
          <Withheld kind={kind} />
        )}
        {place && <PlaceOverlay place={place} />}
        <span className={classes["badge"]}>{reveal.original ? "Original" : title}</span>
      </div>
      <div className={classes["foot"]}>
        <div className={classes["facts"]}>
          <strong>{name}</strong>
          <span className="numbers">
            seed {picture.seed}
            {picture.attempt > 1 && ` · attempt ${picture.attempt}`}
          </span>
        </div>
        {mayReveal && (
          <Button
            size="compact-sm"
            variant="default"
            loading={reveal.loading}
            leftSection={reveal.original ? <IconEyeOff size={15} /> : <IconEye size={15} />}
            onClick={reveal.toggle}
          >
            {reveal.original ? "Hide" : "Reveal"}
          </Button>
        )}
        {released && (
          <Tooltip label={picture.blurred ? "Download, blurred" : "Download"}>
            <ActionIcon
              component="a"
              href={released}
              download={fileName(answer.id, picture)}
              variant="default"
              aria-label={`Download ${name.toLowerCase()}`}
            >
              <IconDownload size={16} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      {kind !== "clear" && <p className={classes["reason"]}>{pictureReason(picture)}</p>}
      {places.length > 0 && <PlaceButtons places={places} shown={shownPlace} onShow={setShownPlace} />}
      {mayReveal && (
        <p className={classes["hint"]}>
          {reveal.original ? "You see the original. This was recorded." : "Revealing the original is recorded."}
        </p>
      )}
      {kind === "blurred" && !mayReveal && (
        <p className={classes["hint"]}>Blurred on the server. This policy reveals the original to nobody.</p>
      )}
      {gaps.length > 0 && (
        <button type="button" className={classes["gaps"]} title={gaps.join(", ")} onClick={onCoverage}>
          {plural(gaps.length, "category", "categories")} not covered: no check looked for{" "}
          {gaps.length === 1 ? "it" : "them"}
        </button>
      )}
      {reveal.problem && (
        <p className={classes["error"]} role="alert">
          {reveal.problem.title}: {reveal.problem.detail}
        </p>
      )}
    </li>
  );
}

function ratio(answer: GenerationAnswer, picture: Picture): string {
  return `${picture.width ?? answer.request.width} / ${picture.height ?? answer.request.height}`;
}

const ICONS: Readonly<Partial<Record<PictureKind, typeof IconBan>>> = { blocked: IconBan, held: IconHandStop };

function Withheld({ kind }: { readonly kind: PictureKind }) {
  const Icon = ICONS[kind] ?? IconPhotoOff;
  const kept = kind === "clear" || kind === "warned" || kind === "blurred";
  return (
    <div className={classes["withheld"]}>
      <Icon size={34} stroke={1.4} aria-hidden="true" />
      <span>{kept ? "This picture was not kept" : "Not shown"}</span>
    </div>
  );
}
