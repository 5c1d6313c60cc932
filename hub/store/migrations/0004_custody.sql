-- A compartment has four separate facts: door, service, allocation and occupancy. `wear` counts allocations,
-- `openings` what the door sensor saw.
CREATE TABLE compartment (
  id TEXT PRIMARY KEY,
  bank TEXT NOT NULL,
  name TEXT NOT NULL,
  door_device TEXT NOT NULL,
  door_name TEXT NOT NULL,
  size TEXT NOT NULL,
  size_rank INTEGER NOT NULL,
  thermal TEXT NOT NULL,
  low INTEGER NOT NULL,
  product TEXT,
  configured_product TEXT,
  door TEXT NOT NULL DEFAULT 'unknown' CHECK (door IN ('open', 'closed', 'unknown')),
  door_at INTEGER NOT NULL DEFAULT 0,
  service TEXT NOT NULL DEFAULT 'in_service' CHECK (service IN ('in_service', 'barred')),
  reason TEXT NOT NULL DEFAULT '',
  hold TEXT NOT NULL DEFAULT 'free' CHECK (hold IN ('free', 'soft', 'hard')),
  allocation_id TEXT,
  occupancy TEXT NOT NULL DEFAULT 'empty' CHECK (occupancy IN ('empty', 'occupied', 'unknown')),
  occupancy_by TEXT NOT NULL DEFAULT 'presumption' CHECK (occupancy_by IN ('sensor', 'person', 'presumption')),
  wear INTEGER NOT NULL DEFAULT 0,
  openings INTEGER NOT NULL DEFAULT 0,
  removed INTEGER NOT NULL DEFAULT 0,
  CHECK ((hold = 'free') = (allocation_id IS NULL)),
  CHECK ((service = 'in_service') = (reason = ''))
) WITHOUT ROWID;
-- These two serve assign(): the first row of the index is the answer.
CREATE INDEX compartment_empty ON compartment (bank, size_rank, low, wear, id)
  WHERE hold = 'free' AND service = 'in_service' AND occupancy = 'empty' AND product IS NULL;
CREATE INDEX compartment_product ON compartment (bank, product, wear, id)
  WHERE hold = 'free' AND service = 'in_service' AND product IS NOT NULL;
CREATE INDEX compartment_door ON compartment (door_device, door_name);

-- Why a compartment is barred; it is in service again when the last reason is gone.
CREATE TABLE compartment_bar (
  compartment TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (compartment, reason)
) WITHOUT ROWID;

-- A compartment and items held for a handover. `items` is a JSON list.
CREATE TABLE allocation (
  id TEXT PRIMARY KEY,
  handover_id TEXT NOT NULL,
  idx INTEGER NOT NULL,
  compartment TEXT NOT NULL,
  items TEXT NOT NULL,
  outcome TEXT NOT NULL DEFAULT 'pending'
    CHECK (outcome IN ('pending', 'released', 'collected', 'refused', 'left')),
  custody TEXT NOT NULL,
  moves INTEGER NOT NULL DEFAULT 0,
  live INTEGER NOT NULL DEFAULT 1,
  created INTEGER NOT NULL,
  ended INTEGER
) WITHOUT ROWID;
-- No compartment is ever allocated twice at a time.
CREATE UNIQUE INDEX allocation_live ON allocation (compartment) WHERE live = 1;
CREATE INDEX allocation_handover ON allocation (handover_id, idx);

-- Who became accountable for the items of an allocation, from whom, when, on what evidence.
CREATE TABLE custody_chain (
  allocation_id TEXT NOT NULL,
  step INTEGER NOT NULL,
  giver TEXT NOT NULL,
  holder TEXT NOT NULL,
  evidence TEXT,
  at INTEGER NOT NULL,
  PRIMARY KEY (allocation_id, step)
) WITHOUT ROWID;
