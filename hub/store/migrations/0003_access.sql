-- People the hub knows. Names, numbers and addresses exist only in `sealed` (S5); `key_hash` is the keyed
-- hash of the caller's or the site's own name for the person.
CREATE TABLE person (
  ref TEXT PRIMARY KEY,
  key_hash BLOB,
  roles TEXT NOT NULL DEFAULT '',
  known INTEGER NOT NULL DEFAULT 0,
  sealed BLOB,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX person_key ON person (key_hash) WHERE key_hash IS NOT NULL;

-- One stored right. `max_uses` 0 means: as often as wanted within the window (kind session).
-- `terminals` is a list framed and separated by spaces, empty for every terminal. `badge` = 1: the person's
-- own tag opens it too. `closed` = 1: nothing opens it any more, not even again.
CREATE TABLE access_grant (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('single', 'counted', 'session')),
  handover_id TEXT NOT NULL,
  person_ref TEXT,
  terminals TEXT NOT NULL DEFAULT '',
  valid_from INTEGER NOT NULL,
  valid_until INTEGER NOT NULL,
  max_uses INTEGER NOT NULL,
  uses INTEGER NOT NULL DEFAULT 0 CHECK (uses >= 0 AND (max_uses = 0 OR uses <= max_uses)),
  status TEXT NOT NULL DEFAULT 'live' CHECK (status IN ('live', 'spent', 'revoked')),
  last_use INTEGER NOT NULL DEFAULT 0,
  last_use_id TEXT,
  reopens INTEGER NOT NULL DEFAULT 0,
  badge INTEGER NOT NULL DEFAULT 0,
  closed INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX access_grant_handover ON access_grant (handover_id);
CREATE INDEX access_grant_badge ON access_grant (person_ref) WHERE badge = 1 AND closed = 0;

-- What opens a grant, as a keyed hash; `kind`: pin, code (qr, barcode, app) or tag. `slot` is empty for a PIN or
-- a code, so that the key keeps it from ever opening two doors; it is given again only when its grant is
-- closed. A tag belongs to a person and may carry several grants: there `slot` is the grant.
CREATE TABLE credential (
  hash BLOB NOT NULL,
  slot TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('pin', 'code', 'tag')),
  grant_id TEXT NOT NULL,
  PRIMARY KEY (hash, slot)
) WITHOUT ROWID;

-- The own tags and PINs of the people of the site.
CREATE TABLE person_credential (
  hash BLOB PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('pin', 'tag')),
  person_ref TEXT NOT NULL
) WITHOUT ROWID;

-- One row per accepted presentation that a transition handled; openings refer to it (S10).
CREATE TABLE grant_use (
  id TEXT PRIMARY KEY,
  grant_id TEXT NOT NULL,
  reopens_use TEXT,
  at INTEGER NOT NULL,
  returned INTEGER
) WITHOUT ROWID;

-- Wrong PINs per terminal.
CREATE TABLE access_throttle (
  terminal TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  since INTEGER NOT NULL,
  locked_until INTEGER NOT NULL
) WITHOUT ROWID;
