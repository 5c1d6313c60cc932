-- The groups a person belongs to, framed and separated by spaces.
ALTER TABLE person ADD COLUMN member_of TEXT NOT NULL DEFAULT '';

-- Whose right it is: recipient, depositor, staff or `group:NAME`. With `members` (`group:NAME`, `role:NAME`) any of
-- these people may use it: with their own tag where `badge` is 1, with their own PIN where `own_pin` is 1.
-- `presented` is when somebody last stood there with it: a visit goes on from there.
ALTER TABLE access_grant ADD COLUMN party TEXT NOT NULL DEFAULT 'recipient';
ALTER TABLE access_grant ADD COLUMN members TEXT;
ALTER TABLE access_grant ADD COLUMN own_pin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE access_grant ADD COLUMN presented INTEGER NOT NULL DEFAULT 0;
CREATE INDEX access_grant_members ON access_grant (members) WHERE members IS NOT NULL AND closed = 0;

-- One authenticated presence at a terminal (S29). `seen` is the last sign of life, `handover_id` whose door was
-- opened last, the last of the JSON list `served`; `waiting` is a JSON list of [grant, handover] that are offered in
-- turn. `known` = 1: one of the people of the site, by a credential of their own.
CREATE TABLE visit (
  terminal TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  person_ref TEXT,
  known INTEGER NOT NULL,
  method TEXT NOT NULL,
  since INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  handover_id TEXT,
  served TEXT NOT NULL DEFAULT '[]',
  waiting TEXT NOT NULL DEFAULT '[]'
) WITHOUT ROWID;
