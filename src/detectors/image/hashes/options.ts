import { z } from "zod";
import { CategorySchema } from "../../../contract/categories.ts";
import { PDQ_MAX_DISTANCE, PDQ_MIN_QUALITY } from "../../../models/pdq/pdq.ts";

const reference = z.string().min(1, { error: "must not be empty" });

export const HashesOptions = z.strictObject({
  lists: z
    .array(z.union([reference, z.strictObject({ file: reference, category: CategorySchema })]))
    .min(1)
    .meta({
      description:
        "Lists of known pictures: names of those that ship, or paths (with a / or a dot in them). A category given here is for entries that name none.",
    }),
  distance: z.int().min(0).max(47).default(PDQ_MAX_DISTANCE).meta({
    description: "Bits of 256 in which the PDQ hash of a copy may differ from the listed one.",
  }),
  min_quality: z.int().min(0).max(100).default(PDQ_MIN_QUALITY).meta({
    description:
      "PDQ quality below which a picture is too plain to be compared by PDQ: it is found by exact digests only.",
  }),
  orientations: z.boolean().default(false).meta({
    description: "Whether mirrored and turned copies are found too.",
  }),
  notes: z.boolean().default(false).meta({
    description: "Whether findings carry the note of the entry. Everybody who gets the reasons reads it then.",
  }),
});
export type HashesOptions = z.output<typeof HashesOptions>;
