-- The log, its bodies, the positions of its readers, and the keys that seal personal data (S5, S34).

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per event, never changed and never deleted. `chain` covers the row and the row before it.
CREATE TABLE journal (
    seq       INTEGER PRIMARY KEY,
    epoch     TEXT NOT NULL,
    time      INTEGER NOT NULL,
    stream    TEXT NOT NULL,
    type      TEXT NOT NULL,
    v         INTEGER NOT NULL,
    body_hash BLOB NOT NULL,
    chain     BLOB NOT NULL
) STRICT;

CREATE INDEX journal_stream ON journal (stream);

-- A body may be destroyed; its salted hash stays in the header, so the chain stays valid.
CREATE TABLE journal_body (
    seq  INTEGER PRIMARY KEY,
    salt BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- `seq` is the last event that the reader has dealt with.
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every start of a hub on this database.
CREATE TABLE boots (
    epoch  TEXT PRIMARY KEY,
    opened INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A key is wrapped under the hub's own key; a NULL marks a person whose key was destroyed.
CREATE TABLE person_keys (
    person_ref TEXT PRIMARY KEY,
    wrapped    BLOB
) STRICT, WITHOUT ROWID;
