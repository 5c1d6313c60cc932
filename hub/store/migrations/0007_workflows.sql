-- Compiled machines, kept for as long as a handover pins one (S31). `source` is the blueprint's text.
CREATE TABLE machine (
  hash TEXT PRIMARY KEY,
  workflow TEXT NOT NULL,
  blueprint TEXT NOT NULL,
  version TEXT NOT NULL,
  source TEXT NOT NULL,
  compiled BLOB NOT NULL,
  created INTEGER NOT NULL
) WITHOUT ROWID;

-- One row per handover; `snapshot` is authoritative for running, the columns are for finding it.
CREATE TABLE handover (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  workflow TEXT NOT NULL,
  machine TEXT NOT NULL REFERENCES machine (hash),
  state TEXT NOT NULL,
  status TEXT NOT NULL,
  phase TEXT NOT NULL,
  person_ref TEXT,
  external_ref TEXT,
  terminal TEXT NOT NULL DEFAULT '',
  ended INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  snapshot BLOB NOT NULL
);
CREATE UNIQUE INDEX handover_external ON handover (workflow, external_ref) WHERE external_ref IS NOT NULL;
CREATE INDEX handover_live ON handover (terminal) WHERE ended = 0;

-- Timers and deadlines that must fire; a row that is gone does not fire.
CREATE TABLE timer (
  handover_id TEXT NOT NULL,
  name TEXT NOT NULL,
  due INTEGER NOT NULL,
  PRIMARY KEY (handover_id, name)
) WITHOUT ROWID;
