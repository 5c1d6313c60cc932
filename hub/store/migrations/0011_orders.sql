-- A leg has a purpose in its handover: price, deposit, later. `reference` is the payment that was taken
-- upstream, where the rail is `upstream`. A captured leg of which everything was paid back is `refunded`.
CREATE TABLE leg_new (
  id TEXT PRIMARY KEY,
  handover_id TEXT NOT NULL,
  device TEXT NOT NULL,
  rail TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0),
  approved INTEGER CHECK (approved >= 0),
  currency TEXT NOT NULL,
  item TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('asked', 'approved', 'denied', 'unknown', 'captured', 'voided', 'refund_owed', 'refunded')),
  reason TEXT NOT NULL DEFAULT '',
  opened INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  purpose TEXT NOT NULL DEFAULT 'price',
  reference TEXT
) WITHOUT ROWID;
INSERT INTO leg_new SELECT id, handover_id, device, rail, amount, approved, currency, item, state, reason,
  opened, changed, 'price', NULL FROM leg;
DROP TABLE leg;
ALTER TABLE leg_new RENAME TO leg;
CREATE INDEX leg_handover ON leg (handover_id);
CREATE INDEX leg_open ON leg (device) WHERE state IN ('asked', 'approved', 'unknown');
CREATE INDEX leg_reference ON leg (reference) WHERE reference IS NOT NULL;

-- Money that goes back after a capture. The decision of the leg stands; this is what became of it later.
CREATE TABLE refund (
  id TEXT PRIMARY KEY,
  leg_id TEXT NOT NULL,
  handover_id TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  state TEXT NOT NULL CHECK (state IN ('asked', 'owed', 'paid', 'refused')),
  reason TEXT NOT NULL DEFAULT '',
  opened INTEGER NOT NULL,
  changed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX refund_leg ON refund (leg_id);
CREATE INDEX refund_handover ON refund (handover_id);
CREATE TRIGGER refund_within BEFORE INSERT ON refund
WHEN NEW.amount + (SELECT coalesce(sum(amount), 0) FROM refund WHERE leg_id = NEW.leg_id AND state <> 'refused')
  > coalesce((SELECT amount FROM money_decision WHERE leg_id = NEW.leg_id AND decision = 'capture'), 0)
BEGIN SELECT RAISE(ABORT, 'more than was captured is never paid back'); END;
CREATE TRIGGER refund_stands BEFORE UPDATE ON refund
WHEN NEW.amount <> OLD.amount OR NEW.leg_id <> OLD.leg_id OR OLD.state IN ('paid', 'refused')
BEGIN SELECT RAISE(ABORT, 'a refund that has ended is never changed'); END;

-- Every dispense belongs to exactly one allocation; a refuted one did not dispense anything.
CREATE UNIQUE INDEX effect_dispense ON effect (allocation_id) WHERE kind = 'dispense' AND state <> 'refuted';

-- A commercial request. Its status is derived from its handovers and never stored.
CREATE TABLE "order" (
  id TEXT PRIMARY KEY,
  reference TEXT NOT NULL,
  person_ref TEXT,
  currency TEXT NOT NULL,
  paid_reference TEXT,
  paid_amount INTEGER CHECK (paid_amount >= 0),
  paid_currency TEXT,
  created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX order_reference ON "order" (reference);

CREATE TABLE order_line (
  order_id TEXT NOT NULL,
  handover_id TEXT NOT NULL,
  idx INTEGER NOT NULL,
  sku TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  price INTEGER CHECK (price >= 0),
  tax_class TEXT,
  deposit INTEGER CHECK (deposit >= 0),
  minimum_age INTEGER CHECK (minimum_age >= 0),
  lot TEXT,
  use_by INTEGER,
  PRIMARY KEY (handover_id, idx)
) WITHOUT ROWID;
CREATE INDEX order_line_order ON order_line (order_id);

CREATE TABLE order_handover (
  handover_id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX order_handover_order ON order_handover (order_id);
