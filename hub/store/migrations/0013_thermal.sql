-- What is known of the air of a bank that is watched. `seen` is the moment up to which exposure was counted,
-- `read_at` the last measurement, `graces` a JSON list of [from, to] in which warm air is explained.
CREATE TABLE thermal_bank (
  bank TEXT PRIMARY KEY,
  seen INTEGER NOT NULL,
  read_at INTEGER,
  outside INTEGER NOT NULL DEFAULT 0 CHECK (outside IN (0, 1)),
  graces TEXT NOT NULL DEFAULT '[]',
  defrosted INTEGER
) WITHOUT ROWID;

-- The clock of the goods of one allocation, from their deposit. `used` is the time out of class so far. A
-- breach is never taken back; `disposed` is a person's word that the goods are gone, `moved_to` the allocation
-- that goes on with the clock. `told` counts whether the handover has taken the breach.
CREATE TABLE thermal_lot (
  allocation TEXT PRIMARY KEY,
  handover_id TEXT NOT NULL,
  bank TEXT NOT NULL,
  compartment TEXT NOT NULL,
  thermal TEXT NOT NULL,
  deposited INTEGER NOT NULL,
  used INTEGER NOT NULL DEFAULT 0,
  since INTEGER,
  why TEXT NOT NULL DEFAULT '' CHECK (why IN ('', 'warm', 'silent', 'outage')),
  warned INTEGER,
  breached INTEGER,
  told INTEGER NOT NULL DEFAULT 0,
  disposed INTEGER,
  moved_to TEXT,
  CHECK (breached IS NULL OR why <> '')
) WITHOUT ROWID;
CREATE INDEX thermal_lot_handover ON thermal_lot (handover_id);
CREATE INDEX thermal_lot_bank ON thermal_lot (bank) WHERE disposed IS NULL AND moved_to IS NULL;
