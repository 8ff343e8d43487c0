import type { ScanProblem } from "../../contract/scan.ts";
import type { FileKind } from "../../store/scans/scan-store.ts";

/** Metadata files by their name, in lower case. */
export const DATASET_INFO = "dataset_info.json";
export const METADATA_JSONL = "metadata.jsonl";
export const METADATA_CSV = "metadata.csv";

const MOST_QUOTED = 200;
const MOST_KEY_BYTES = 1024;
const PICTURES = /\.(?:a?png|jpe?g|jpe|jfif|jif|webp|gif|avif|tiff?|bmp|dib)$/i;
const CAPTIONS = /\.(?:txt|caption)$/i;
/** WebDataset's decoders read these as texts, too. */
const ARCHIVED_CAPTIONS = /\.(?:text|transcript)$/i;
const ARCHIVES = /\.tar$/i;
/** Pictures, videos, and what is or may be full of them, in formats that are not judged: latents are pictures to a model. */
const OPAQUE = [
  "heic heif hif avifs jxl jp2 j2k j2c jpc jpf jpx jxr psd xcf svg svgz ico icns cur tga icb vda vst exr hdr pcx dcx",
  "pnm ppm pgm pbm pfm pdf ps eps dds qoi sgi bw rgb rgba ras xbm xpm fit fits wmf emf djvu dcm blp bufr grib ftc ftu gbr",
  "im iim mpo msp palm pcd pxr fli flc flv",
  "dng cr2 cr3 nef arw orf raf rw2",
  "mp4 m4v mov webm mkv avi wmv mpg mpeg ogv",
  "zip 7z rar tgz tbz txz tzst gz bz2 xz zst lz4 lz z",
  "parquet arrow feather tfrecord tfrecords h5 hdf hdf5 lmdb mdb npy npz pkl pickle pt pth ckpt safetensors",
].flatMap((line) => line.split(" "));

/**
 * What a file is to a data set, by its name alone.
 * @param archived whether it is inside an archive: WebDataset keeps captions in `.json` files there, and archives in archives are not opened
 */
export function kindOf(key: string, archived = false): FileKind {
  const name = nameOf(key).toLowerCase();
  if (!archived && [DATASET_INFO, METADATA_JSONL, METADATA_CSV].includes(name)) return "metadata";
  if (PICTURES.test(name)) return "picture";
  if (CAPTIONS.test(name) || (archived && (isJson(name) || ARCHIVED_CAPTIONS.test(name)))) return "caption";
  if (ARCHIVES.test(name)) return archived ? "opaque" : "archive";
  return OPAQUE.includes(name.slice(name.lastIndexOf(".") + 1)) ? "opaque" : "other";
}

/** @returns what is wrong with a key that no store need hold: S3 has no longer ones, and PostgreSQL no NUL in a text */
export function keyProblem(key: string): ScanProblem | undefined {
  const bytes = Buffer.byteLength(key);
  if (bytes > MOST_KEY_BYTES)
    return { code: "name_unusable", detail: `its path has ${bytes} bytes; the limit is ${MOST_KEY_BYTES}` };
  return key.includes("\0") ? { code: "name_unusable", detail: "its path holds a NUL" } : undefined;
}

/** A name for messages. */
export function quoted(name: string): string {
  return JSON.stringify(shortened(name));
}

export function shortened(name: string): string {
  return name.length > MOST_QUOTED ? `${name.slice(0, MOST_QUOTED).toWellFormed()}…` : name;
}

export function isJson(key: string): boolean {
  return /\.jso?n$/i.test(key);
}

export function nameOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

/** The folder of a key, with `/` at its end; empty for the source itself. */
export function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/") + 1);
}

/**
 * A key without the ending of its name: what a picture and its caption file share.
 * @param archived WebDataset has a sample's key end at the first dot: `0003.input.jpg` and `0003.txt` belong together
 */
export function stemOf(key: string, archived = false): string {
  const name = nameOf(key);
  const dot = archived ? name.indexOf(".", 1) : name.lastIndexOf(".");
  return dot > 0 ? key.slice(0, key.length - name.length + dot) : key;
}
