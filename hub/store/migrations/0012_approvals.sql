-- Requests for somebody's approval (S33). `verb` on `target` with `body` is a command that waits; without a verb
-- a step of the handover asks, `about` says what for. `wanted` different people of `role` must agree, none of
-- those in `barred` (a JSON list of references, who asked among them).
CREATE TABLE approval (
  id TEXT PRIMARY KEY,
  handover_id TEXT,
  verb TEXT NOT NULL DEFAULT '',
  target TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL DEFAULT '{}',
  about TEXT NOT NULL DEFAULT '',
  role TEXT NOT NULL,
  wanted INTEGER NOT NULL CHECK (wanted > 0),
  asker TEXT NOT NULL,
  asker_roles TEXT NOT NULL DEFAULT '',
  barred TEXT NOT NULL DEFAULT '[]',
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'given', 'denied', 'expired', 'withdrawn')),
  opened INTEGER NOT NULL,
  expires INTEGER,
  settled INTEGER,
  CHECK ((state = 'open') = (settled IS NULL))
) WITHOUT ROWID;
CREATE INDEX approval_open ON approval (handover_id) WHERE state = 'open';
CREATE INDEX approval_expires ON approval (expires) WHERE state = 'open' AND expires IS NOT NULL;
-- The same person asks for the same thing once at a time.
CREATE UNIQUE INDEX approval_same ON approval (verb, target, asker) WHERE state = 'open' AND verb <> '';

-- What people answered; each person once.
CREATE TABLE approval_answer (
  approval_id TEXT NOT NULL,
  who TEXT NOT NULL,
  given INTEGER NOT NULL,
  why TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (approval_id, who)
) WITHOUT ROWID;
