-- What a request with an Idempotency-Key was answered (S39). Written with what the request did, kept 30 days.
CREATE TABLE idempotency (
  token TEXT NOT NULL,
  path TEXT NOT NULL,
  key TEXT NOT NULL,
  request BLOB NOT NULL,
  status INTEGER NOT NULL,
  answer BLOB NOT NULL,
  location TEXT NOT NULL DEFAULT '',
  created INTEGER NOT NULL,
  PRIMARY KEY (token, path, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created);
