import { z } from "zod";
import { ActionSchema } from "./actions.ts";
import { type Category, CategorySchema } from "./categories.ts";
import { CoverageSchema, ReasonSchema } from "./decision.ts";
import { PolicyRefSchema } from "./generation.ts";
import { SCAN_PROBLEMS, type ScanProblemCode } from "./scan-problems.ts";

export const ScanProblemSchema = z.object({
  code: z.enum(Object.keys(SCAN_PROBLEMS) as ScanProblemCode[]),
  /** In words, with the limit where there is one. It quotes no caption. */
  detail: z.string(),
});
export type ScanProblem = z.infer<typeof ScanProblemSchema>;

/** How a data set is laid out: where its captions stand. */
export const SCAN_LAYOUTS = ["dreambooth", "kohya", "imagefolder", "webdataset", "plain"] as const;
export const ScanLayoutSchema = z.enum(SCAN_LAYOUTS);
export type ScanLayout = z.infer<typeof ScanLayoutSchema>;

const count = z.int().min(0);
const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** A text that is trained together with a picture. */
export const ScanCaptionSchema = z.object({
  /** The file that it stands in, and where: a line, or a field. */
  file: z.string(),
  place: z.string().nullable(),
  digest: sha256,
  characters: z.int().min(0),
  action: ActionSchema,
  reasons: z.array(ReasonSchema),
});
export type ScanCaption = z.infer<typeof ScanCaptionSchema>;

/** One picture of a data set and what became of it: a line of `results.jsonl`. It holds no time, so that two scans can be compared. */
export const ScanItemSchema = z.object({
  /** Path below the source, with `/`; a picture in an archive has the archive's key before its own. */
  key: z.string(),
  bytes: z.int().min(0),
  /** Of the exact bytes judged; null when they could not be read. */
  sha256: sha256.nullable(),
  media_type: z.string().nullable(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  frames: z.int().nullable(),
  /** `class`: a picture for prior preservation. */
  role: z.enum(["instance", "class"]),
  /** The strongest over the picture, its captions, and what could not be judged. */
  action: ActionSchema,
  /** Whether everything that the policy requires was judged. */
  judged: z.boolean(),
  /** Of the picture alone. */
  image_action: ActionSchema.nullable(),
  reasons: z.array(ReasonSchema),
  /** The highest score of each category that scored more than 0, of the picture. */
  scores: z.partialRecord(CategorySchema, z.number()),
  captions: z.array(ScanCaptionSchema),
  problems: z.array(ScanProblemSchema),
  /** PDQ, 64 hexadecimal digits, and its quality from 0 to 100. */
  pdq: z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/), quality: z.int().min(0).max(100) }).nullable(),
  /** How many there are to see in the first frame; a hint, for small ones are missed. Null where nobody looked. */
  faces: count.nullable(),
});
export type ScanItem = z.infer<typeof ScanItemSchema>;

/** Of a picture, over all categories; 0 where there is nothing. */
export function highestScore({ scores }: Pick<ScanItem, "scores">): number {
  return Math.max(0, ...Object.values(scores).map((score) => score ?? 0));
}

/** In one category, or in all with null. */
export function scoreOf(item: Pick<ScanItem, "scores">, category: Category | null): number {
  return category === null ? highestScore(item) : (item.scores[category] ?? 0);
}

/** Nearly every picture scores a little in some category: less than this is not worth a look. */
export const LEAST_SCORE = 0.05;

/** By category: the scores that are worth a look, and 0 where a reason is of a category without one. */
export function shownScores({
  scores,
  reasons,
  captions,
}: Pick<ScanItem, "scores" | "reasons" | "captions">): ReadonlyMap<Category, number> {
  const shown = new Map<Category, number>();
  for (const { category } of [...reasons, ...captions.flatMap((caption) => caption.reasons)])
    if (category !== null) shown.set(category, scores[category] ?? 0);
  for (const [category, score = 0] of Object.entries(scores) as [Category, number?][])
    if (score >= LEAST_SCORE) shown.set(category, score);
  return shown;
}

/** A picture that is the same as others of its data set, or nearly. */
export const ScanCopySchema = z.object({
  key: z.string(),
  /** Whether its bytes are those of a picture before it in its group. */
  same_bytes: z.boolean(),
  /** In how many of 256 bits its PDQ hash differs from that of the first of its group. */
  distance: z.int().min(0).max(256),
});
export type ScanCopy = z.infer<typeof ScanCopySchema>;

/** Copies of one picture, the one with the most pixels, then bytes, first: whoever keeps one of them keeps that. */
export const ScanCopiesSchema = z.array(ScanCopySchema).min(2);
export type ScanCopies = z.infer<typeof ScanCopiesSchema>;

/** How often a training sees the pictures of one folder. */
export const ScanConceptSchema = z.object({
  /** The folder, with `/` at its end; empty for the source itself. */
  folder: z.string(),
  role: ScanItemSchema.shape.role,
  pictures: count,
  /** How often each is shown in an epoch: kohya's folders say so in their names. */
  repeats: z.int().min(1),
});
export type ScanConcept = z.infer<typeof ScanConceptSchema>;

/** A histogram's bins: bin `i` holds scores from `i / SCORE_BINS` up to the next bin's, the last one 1 as well. */
export const SCORE_BINS = 20;

export const ScanSummarySchema = z.object({
  pictures: count,
  /** Pictures for which the policy could not be followed to the end. */
  unjudged: count,
  actions: z.record(ActionSchema, count),
  /** By category: pictures with a reason of that category, by the reason's action. */
  categories: z.partialRecord(CategorySchema, z.partialRecord(ActionSchema, count)),
  /**
   * By category: how many pictures score how high, of those that score above 0; {@link SCORE_BINS} counts. Absent where the scan was
   * finished by a version that did not count them.
   */
  scores: z.partialRecord(CategorySchema, z.array(count).length(SCORE_BINS)).optional(),
  problems: z.partialRecord(z.enum(Object.keys(SCAN_PROBLEMS) as ScanProblemCode[]), count),
  /**
   * Groups of copies, and the pictures in them beyond the first: with the bytes of another one, and without. `near` is null where
   * there are too many pictures to compare what they look like.
   */
  copies: z.object({ groups: count, same_bytes: count, near: count.nullable() }),
  /** Pictures by how many faces are to be seen. */
  faces: z.object({ none: count, one: count, several: count }),
  /** What the set teaches, by folder; null where there are too many folders to be concepts. */
  concepts: z.array(ScanConceptSchema).nullable(),
  /** Whether anybody looked for a category in the pictures, and in the captions. */
  coverage: z.object({ image: z.array(CoverageSchema), prompt: z.array(CoverageSchema) }),
});
export type ScanSummary = z.infer<typeof ScanSummarySchema>;

export const SCAN_STATES = ["listing", "judging", "finished", "cancelled"] as const;

/** A scan of a whole data set, as it stands. */
export const ScanSchema = z.object({
  id: z.string(),
  state: z.enum(SCAN_STATES),
  /** A folder, or `s3://bucket/prefix`. */
  source: z.string(),
  /** Null until the files have been listed, unless whoever asked for the scan has said so. */
  layout: ScanLayoutSchema.nullable(),
  /** Pixels that the shorter side of a picture must have; 0: any. */
  min_side: count,
  policy: PolicyRefSchema,
  /** `detector@version` of all that judged, by stage; a scan goes on only with the same ones. */
  detectors: z.object({ prompt: z.array(z.string()), image: z.array(z.string()) }),
  /** Of policy, detectors, their options, and limits: a scan goes on only under the same ones. Absent in scans of earlier versions. */
  fingerprint: z.string().optional(),
  created_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  /** Pictures, as far as they are known. */
  total: count,
  done: count,
  summary: ScanSummarySchema.nullable(),
  /** What stopped the work on it; `resume` clears it, and goes on. */
  error: z.string().nullable(),
});
export type Scan = z.infer<typeof ScanSchema>;
