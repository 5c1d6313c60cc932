-- `position` is the place in the bank's order, so that neighbours differ by one. `apart` is the keep-apart word of
-- what lies in the compartment or is to lie in it.
ALTER TABLE compartment ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE compartment ADD COLUMN apart TEXT NOT NULL DEFAULT '';
CREATE INDEX compartment_place ON compartment (bank, position);
CREATE INDEX compartment_soft ON compartment (bank, size_rank, low, wear, id) WHERE hold = 'soft';

-- What was asked for, so that a place that is only promised can be exchanged for another one. `assets` is a JSON
-- list of ids.
ALTER TABLE allocation ADD COLUMN want_rank INTEGER NOT NULL DEFAULT 0;
ALTER TABLE allocation ADD COLUMN want_thermal TEXT;
ALTER TABLE allocation ADD COLUMN want_low INTEGER NOT NULL DEFAULT 0;
ALTER TABLE allocation ADD COLUMN apart TEXT NOT NULL DEFAULT '';
ALTER TABLE allocation ADD COLUMN assets TEXT NOT NULL DEFAULT '[]';

ALTER TABLE custody_chain ADD COLUMN condition TEXT NOT NULL DEFAULT '';
ALTER TABLE custody_chain ADD COLUMN compartment TEXT NOT NULL DEFAULT '';

-- Things that go out and come back. An asset lies in a compartment or is with a holder, never both.
CREATE TABLE asset (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  size TEXT NOT NULL,
  thermal TEXT,
  code TEXT,
  configured_at TEXT,
  state TEXT NOT NULL CHECK (state IN ('in', 'out', 'quarantine', 'lost')),
  compartment TEXT,
  holder TEXT,
  condition TEXT NOT NULL DEFAULT '',
  due INTEGER,
  since INTEGER NOT NULL,
  issued INTEGER NOT NULL DEFAULT 0,
  removed INTEGER NOT NULL DEFAULT 0,
  CHECK ((compartment IS NULL) <> (holder IS NULL)),
  CHECK (due IS NULL OR state = 'out')
) WITHOUT ROWID;
CREATE INDEX asset_free ON asset (kind, issued, id) WHERE state = 'in' AND compartment IS NOT NULL;
CREATE INDEX asset_place ON asset (compartment) WHERE compartment IS NOT NULL;
CREATE INDEX asset_due ON asset (due) WHERE due IS NOT NULL;
CREATE UNIQUE INDEX asset_code ON asset (code) WHERE code IS NOT NULL;

-- What somebody found in a compartment that nobody expected there, and where it went.
CREATE TABLE found (
  id TEXT PRIMARY KEY,
  compartment TEXT NOT NULL,
  what TEXT NOT NULL,
  finder TEXT NOT NULL,
  at INTEGER NOT NULL,
  handover_id TEXT,
  taken_to TEXT,
  taken_by TEXT,
  taken_at INTEGER
) WITHOUT ROWID;
CREATE INDEX found_open ON found (compartment) WHERE taken_at IS NULL;
