-- One row per physical or money act. `intent` and `in_doubt` hold the lease; nothing leaves `confirmed` or `refuted`.
CREATE TABLE effect (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  device TEXT NOT NULL,
  target TEXT NOT NULL,
  lease TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  epoch TEXT NOT NULL,
  deadline INTEGER NOT NULL,
  level TEXT NOT NULL,
  baseline BLOB NOT NULL,
  params BLOB NOT NULL,
  handover_id TEXT,
  allocation_id TEXT,
  leg_id TEXT,
  use_id TEXT,
  state TEXT NOT NULL CHECK (state IN ('intent', 'confirmed', 'refuted', 'in_doubt')),
  reason TEXT NOT NULL DEFAULT '',
  evidence BLOB NOT NULL DEFAULT x'7b7d',
  opened INTEGER NOT NULL,
  settled INTEGER
) WITHOUT ROWID;

-- No lease twice.
CREATE UNIQUE INDEX effect_lease ON effect (lease) WHERE state IN ('intent', 'in_doubt');
-- Every opening belongs to exactly one accepted use of one grant; a refuted one did not open anything.
CREATE UNIQUE INDEX effect_use ON effect (use_id) WHERE use_id IS NOT NULL AND state <> 'refuted';
CREATE INDEX effect_handover ON effect (handover_id, opened);
-- When a door was last opened by us, so that an opening can be told from a breach.
CREATE INDEX effect_opening ON effect (lease, settled) WHERE kind = 'open' AND state = 'confirmed';
CREATE INDEX effect_leg ON effect (leg_id) WHERE leg_id IS NOT NULL;
