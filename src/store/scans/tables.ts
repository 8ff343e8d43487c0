/** The tables of scans, the same on both engines. Times are ISO instants inside the JSON, counts are numbers. */
export interface ScanTables {
  scans: { id: string; created_at: string; scan: string };
  scan_files: {
    scan: string;
    key: string;
    bytes: number;
    stamp: string;
    kind: string;
    stem: string;
    archive: string | null;
    start: number | null;
    item: string | null;
    action: string | null;
    /** The highest of the item's scores. */
    score: number | null;
  };
  /** Of judged pictures, by category. */
  scan_scores: { scan: string; key: string; category: string; score: number };
  scan_captions: { scan: string; picture: string; file: string; place: string; text: string };
  scan_labels: { scan: string; key: string; labels: string };
  /** Of files other than pictures, as they were first read. */
  scan_contents: { scan: string; key: string; sha256: string };
  scan_problems: { scan: string; key: string; code: string; detail: string };
  scan_copies: { scan: string; cluster: number; copies: string };
  scan_digests: { source: string; key: string; stamp: string; digest: string };
  scan_verdicts: { fingerprint: string; digest: string; verdict: string };
}

/**
 * @param text the type of a text column whose order is that of its UTF-8 bytes
 * @param integer of a column of whole numbers up to 2⁵³
 * @param real of a column of double-precision numbers
 */
export function scanTablesSql(text: string, integer: string, real: string): readonly string[] {
  return [
    `create table if not exists scans (id ${text} primary key, created_at ${text} not null, scan ${text} not null)`,
    "create index if not exists scans_by_age on scans (created_at, id)",
    `create table if not exists scan_files (
      scan ${text} not null references scans (id) on delete cascade,
      key ${text} not null,
      bytes ${integer} not null,
      stamp ${text} not null,
      kind ${text} not null,
      stem ${text} not null,
      archive ${text},
      start ${integer},
      item ${text},
      action ${text},
      score ${real},
      primary key (scan, key)
    )`,
    "create index if not exists scan_files_pending on scan_files (scan, key) where kind = 'picture' and item is null",
    "create index if not exists scan_files_by_action on scan_files (scan, action, key) where item is not null",
    "create index if not exists scan_files_by_score on scan_files (scan, score desc, key) where item is not null",
    "create index if not exists scan_files_with_stem on scan_files (scan, stem, kind)",
    `create table if not exists scan_scores (
      scan ${text} not null references scans (id) on delete cascade,
      key ${text} not null,
      category ${text} not null,
      score ${real} not null,
      primary key (scan, key, category)
    )`,
    "create index if not exists scan_scores_highest on scan_scores (scan, category, score desc, key)",
    `create table if not exists scan_captions (
      scan ${text} not null references scans (id) on delete cascade,
      picture ${text} not null,
      file ${text} not null,
      place ${text} not null,
      text ${text} not null,
      primary key (scan, picture, file, place)
    )`,
    `create table if not exists scan_labels (
      scan ${text} not null references scans (id) on delete cascade,
      key ${text} not null,
      labels ${text} not null,
      primary key (scan, key)
    )`,
    `create table if not exists scan_contents (
      scan ${text} not null references scans (id) on delete cascade,
      key ${text} not null,
      sha256 ${text} not null,
      primary key (scan, key)
    )`,
    `create table if not exists scan_problems (
      scan ${text} not null references scans (id) on delete cascade,
      key ${text} not null,
      code ${text} not null,
      detail ${text} not null,
      primary key (scan, key, code, detail)
    )`,
    `create table if not exists scan_copies (
      scan ${text} not null references scans (id) on delete cascade,
      cluster ${integer} not null,
      copies ${text} not null,
      primary key (scan, cluster)
    )`,
    `create table if not exists scan_digests (
      source ${text} not null,
      key ${text} not null,
      stamp ${text} not null,
      digest ${text} not null,
      primary key (source, key)
    )`,
    `create table if not exists scan_verdicts (
      fingerprint ${text} not null,
      digest ${text} not null,
      verdict ${text} not null,
      primary key (fingerprint, digest)
    )`,
  ];
}
