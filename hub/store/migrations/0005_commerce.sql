-- The catalogue. `price` is in minor units of `currency`.
CREATE TABLE product (
  sku TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  price INTEGER NOT NULL CHECK (price >= 0),
  currency TEXT NOT NULL,
  size TEXT,
  thermal TEXT,
  selection TEXT,
  active INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE UNIQUE INDEX product_selection ON product (selection) WHERE active = 1 AND selection IS NOT NULL;

-- What a compartment holds of its product. `uncertain` = 1: nobody may sell from it until it is counted.
CREATE TABLE stock (
  compartment TEXT PRIMARY KEY,
  quantity INTEGER NOT NULL CHECK (quantity >= 0),
  uncertain INTEGER NOT NULL DEFAULT 0,
  changed INTEGER NOT NULL
) WITHOUT ROWID;

-- One tender with one provider.
CREATE TABLE leg (
  id TEXT PRIMARY KEY,
  handover_id TEXT NOT NULL,
  device TEXT NOT NULL,
  rail TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  approved INTEGER CHECK (approved >= 0),
  currency TEXT NOT NULL,
  item TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('asked', 'approved', 'denied', 'unknown', 'captured', 'voided', 'refund_owed')),
  reason TEXT NOT NULL DEFAULT '',
  opened INTEGER NOT NULL,
  changed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX leg_handover ON leg (handover_id);
CREATE INDEX leg_open ON leg (device) WHERE state IN ('asked', 'approved', 'unknown');

-- One decision per leg, for ever.
CREATE TABLE money_decision (
  leg_id TEXT PRIMARY KEY,
  decision TEXT NOT NULL CHECK (decision IN ('capture', 'void')),
  amount INTEGER NOT NULL CHECK (amount >= 0),
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER money_decision_stands BEFORE UPDATE ON money_decision
BEGIN SELECT RAISE(ABORT, 'a money decision is never changed'); END;
-- REPLACE deletes without firing the trigger below.
CREATE TRIGGER money_decision_once BEFORE INSERT ON money_decision
WHEN EXISTS (SELECT 1 FROM money_decision WHERE leg_id = NEW.leg_id)
BEGIN SELECT RAISE(ABORT, 'a money decision is made once'); END;
CREATE TRIGGER money_decision_stays BEFORE DELETE ON money_decision
BEGIN SELECT RAISE(ABORT, 'a money decision is never deleted'); END;
