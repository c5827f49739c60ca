-- When active reservations fall due, in a table of its own. As an index over ledger.reservations it named their status, so
-- that every end of one wrote three index entries anew; and the first to fall due of an account was looked for among all
-- that the account ever had.
CREATE TABLE ledger.reservation_expiries (
  tenant_id uuid NOT NULL,
  account_id bigint NOT NULL,
  expires_at timestamptz NOT NULL,
  reservation_id bigint NOT NULL,
  CONSTRAINT reservation_expiries_pkey PRIMARY KEY (tenant_id, account_id, expires_at, reservation_id),
  CONSTRAINT reservation_expiries_are_instants CHECK (expires_at < 'infinity')
);
COMMENT ON TABLE ledger.reservation_expiries IS 'When each active reservation falls due, of those that do';
CREATE INDEX reservation_expiries_falling_due ON ledger.reservation_expiries (tenant_id, expires_at);
SELECT core.isolate('ledger.reservation_expiries');
GRANT SELECT ON ledger.reservation_expiries TO headgate_app, headgate_readonly, headgate_poster;
GRANT INSERT, DELETE ON ledger.reservation_expiries TO headgate_poster;

-- For every tenant at once: the owner reads past the policies while they are not forced, in this transaction.
ALTER TABLE ledger.reservations NO FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger.reservation_expiries NO FORCE ROW LEVEL SECURITY;
INSERT INTO ledger.reservation_expiries (tenant_id, account_id, expires_at, reservation_id)
SELECT tenant_id, account_id, expires_at, id FROM ledger.reservations WHERE status = 'active' AND expires_at < 'infinity';
ALTER TABLE ledger.reservations FORCE ROW LEVEL SECURITY;
ALTER TABLE ledger.reservation_expiries FORCE ROW LEVEL SECURITY;
DROP INDEX ledger.reservations_falling_due;
