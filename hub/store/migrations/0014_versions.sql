-- Which machine new handovers of a workflow get. Only an apply moves it; who has begun keeps what it pins (S31).
CREATE TABLE workflow_version (
  workflow TEXT PRIMARY KEY,
  machine TEXT NOT NULL REFERENCES machine (hash),
  applied INTEGER NOT NULL,
  who TEXT NOT NULL
) WITHOUT ROWID;

-- The files that a machine was compiled from (JSON: name -> text) and where its parts stand in them.
CREATE TABLE machine_text (
  hash TEXT PRIMARY KEY REFERENCES machine (hash),
  texts BLOB NOT NULL,
  lines BLOB NOT NULL
) WITHOUT ROWID;
