-- Owned recovery tasks. `subject` is the effect, else the handover, else the device.
CREATE TABLE incident (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  urgency TEXT NOT NULL,
  subject TEXT NOT NULL,
  handover_id TEXT,
  effect_id TEXT,
  device TEXT,
  target TEXT NOT NULL DEFAULT '',
  owner TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved')),
  detail TEXT NOT NULL DEFAULT '',
  opened INTEGER NOT NULL,
  due INTEGER,
  resolved INTEGER,
  verdict TEXT CHECK (verdict IN ('confirmed', 'refuted', 'closed')),
  note TEXT NOT NULL DEFAULT '',
  who TEXT,
  approved_by TEXT,
  CHECK ((state = 'resolved') = (verdict IS NOT NULL AND who IS NOT NULL AND resolved IS NOT NULL))
) WITHOUT ROWID;
CREATE UNIQUE INDEX incident_open ON incident (kind, subject, target) WHERE state = 'open';
CREATE INDEX incident_handover ON incident (handover_id) WHERE handover_id IS NOT NULL;

-- Messages to people, to be delivered at least once (S34). The text exists only in `sealed` and only until
-- the message is delivered, given up or expired.
CREATE TABLE message (
  id TEXT PRIMARY KEY,
  handover_id TEXT,
  person_ref TEXT,
  role TEXT,
  template TEXT NOT NULL,
  sealed BLOB,
  state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'delivered', 'failed', 'expired')),
  attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  next_at INTEGER NOT NULL,
  expires INTEGER,
  created INTEGER NOT NULL,
  ended INTEGER,
  CHECK ((person_ref IS NULL) <> (role IS NULL)),
  CHECK ((state = 'queued') = (sealed IS NOT NULL))
) WITHOUT ROWID;
CREATE INDEX message_due ON message (next_at) WHERE state = 'queued';
CREATE INDEX message_handover ON message (handover_id);
