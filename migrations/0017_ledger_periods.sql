-- Periods of the book: opened one after the other, closed in order, each with its frozen trial balance; and settlements,
-- which say of an account's legs with which cut-off each was settled.
CREATE SEQUENCE ledger.period_ids CACHE 1;
COMMENT ON SEQUENCE ledger.period_ids IS 'Numbers of periods (per_…) and settlements (stl_…)';
GRANT USAGE ON SEQUENCE ledger.period_ids TO headgate_poster;

CREATE TABLE ledger.periods (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL DEFAULT nextval('ledger.period_ids'),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  starts_on date NOT NULL,
  ends_on date NOT NULL,
  previous_ends_on date,
  closings integer NOT NULL DEFAULT 0,
  status text COLLATE "C" NOT NULL DEFAULT 'open',
  name text NOT NULL,
  legal_entity_id text COLLATE "C",
  scope text COLLATE "C" NOT NULL,
  CONSTRAINT periods_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT periods_legal_entity FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT periods_scope_is_the_entity CHECK (scope = coalesce(legal_entity_id, '')),
  CONSTRAINT periods_name_length CHECK (length(name) BETWEEN 1 AND 100),
  CONSTRAINT periods_name_is_unique UNIQUE (tenant_id, scope, name),
  CONSTRAINT periods_run_forward CHECK (starts_on <= ends_on),
  CONSTRAINT periods_status_is_known CHECK (status IN ('open', 'closed')),
  CONSTRAINT periods_closed_by_a_closing CHECK (status = 'open' OR closings > 0),
  -- Each begins the day after the one before it ends: so they neither overlap nor leave a gap.
  CONSTRAINT periods_one_ends_on_a_day UNIQUE (tenant_id, scope, ends_on),
  CONSTRAINT periods_begin_where_the_last_ends CHECK (previous_ends_on = starts_on - 1),
  CONSTRAINT periods_one_follows UNIQUE (tenant_id, scope, previous_ends_on),
  CONSTRAINT periods_follow FOREIGN KEY (tenant_id, scope, previous_ends_on) REFERENCES ledger.periods (tenant_id, scope, ends_on)
);
COMMENT ON TABLE ledger.periods IS 'Accounting periods of the tenant (its whole book) or of one legal entity (its accounts), day after day without gaps';
COMMENT ON COLUMN ledger.periods.scope IS 'The legal entity, or empty for the whole book: what the constraints compare, since NULL equals nothing';
COMMENT ON COLUMN ledger.periods.closings IS 'How often it was closed; the number of its latest closing';
CREATE UNIQUE INDEX periods_one_begins ON ledger.periods (tenant_id, scope) WHERE previous_ends_on IS NULL;
SELECT core.isolate('ledger.periods');

CREATE TABLE ledger.period_closings (
  tenant_id uuid NOT NULL,
  period_id bigint NOT NULL,
  n integer NOT NULL,
  closed_at timestamptz NOT NULL,
  accounts integer NOT NULL,
  late text COLLATE "C" NOT NULL,
  reason text NOT NULL,
  actor_id text NOT NULL,
  digest bytea NOT NULL,
  totals jsonb NOT NULL,
  CONSTRAINT period_closings_pkey PRIMARY KEY (tenant_id, period_id, n),
  CONSTRAINT period_closings_period FOREIGN KEY (tenant_id, period_id) REFERENCES ledger.periods (tenant_id, id),
  CONSTRAINT period_closings_late_is_known CHECK (late IN ('refuse', 'route')),
  CONSTRAINT period_closings_reason_length CHECK (length(reason) BETWEEN 1 AND 1000),
  CONSTRAINT period_closings_digest_is_sha256 CHECK (octet_length(digest) = 32)
);
COMMENT ON TABLE ledger.period_closings IS 'Each closing of a period: what becomes of late postings, the totals of its frozen trial balance and their digest';
COMMENT ON COLUMN ledger.period_closings.digest IS 'sha256 of one line "account:currency:net" and a newline for each row of its period_balances, by account';
COMMENT ON COLUMN ledger.period_closings.totals IS 'By currency: the sum of the debit balances and the sum of the credit balances';
SELECT core.isolate('ledger.period_closings'), core.append_only('ledger.period_closings');

CREATE TABLE ledger.period_reopenings (
  tenant_id uuid NOT NULL,
  period_id bigint NOT NULL,
  n integer NOT NULL,
  reopened_at timestamptz NOT NULL,
  approval_ref text NOT NULL,
  reason text NOT NULL,
  actor_id text NOT NULL,
  CONSTRAINT period_reopenings_pkey PRIMARY KEY (tenant_id, period_id, n),
  CONSTRAINT period_reopenings_closing FOREIGN KEY (tenant_id, period_id, n) REFERENCES ledger.period_closings (tenant_id, period_id, n),
  CONSTRAINT period_reopenings_approval_length CHECK (length(approval_ref) BETWEEN 1 AND 255),
  CONSTRAINT period_reopenings_reason_length CHECK (length(reason) BETWEEN 1 AND 1000)
);
COMMENT ON TABLE ledger.period_reopenings IS 'Which closing was undone, by whose approval; its frozen trial balance stays';
COMMENT ON COLUMN ledger.period_reopenings.approval_ref IS 'What a higher floor obtained from two people; opaque here';
SELECT core.isolate('ledger.period_reopenings'), core.append_only('ledger.period_reopenings');

CREATE TABLE ledger.period_balances (
  tenant_id uuid NOT NULL,
  period_id bigint NOT NULL,
  n integer NOT NULL,
  account_id bigint NOT NULL,
  net_minor bigint NOT NULL,
  seq bigint NOT NULL,
  settled_seq bigint NOT NULL,
  settled_net bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  CONSTRAINT period_balances_pkey PRIMARY KEY (tenant_id, period_id, n, account_id),
  CONSTRAINT period_balances_closing FOREIGN KEY (tenant_id, period_id, n) REFERENCES ledger.period_closings (tenant_id, period_id, n)
);
COMMENT ON TABLE ledger.period_balances IS 'The frozen trial balance of a closing: the net of each account that had entries, as of the end of the period';
COMMENT ON COLUMN ledger.period_balances.seq IS 'How many legs the account had at the closing: no leg above it may belong to the period';
COMMENT ON COLUMN ledger.period_balances.settled_seq IS 'Every leg up to this one belongs to this period or an earlier one: the next close begins after it';
COMMENT ON COLUMN ledger.period_balances.settled_net IS 'The net after that leg';
SELECT core.isolate('ledger.period_balances'), core.append_only('ledger.period_balances');

CREATE TABLE ledger.settlements (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL DEFAULT nextval('ledger.period_ids'),
  account_id bigint NOT NULL,
  cut_off_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  through_seq bigint NOT NULL,
  legs bigint NOT NULL,
  late_legs bigint NOT NULL,
  debit_minor bigint NOT NULL,
  credit_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  name text NOT NULL,
  actor_id text NOT NULL,
  CONSTRAINT settlements_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT settlements_account FOREIGN KEY (tenant_id, account_id) REFERENCES ledger.accounts (tenant_id, id),
  CONSTRAINT settlements_name_is_unique UNIQUE (tenant_id, account_id, name),
  CONSTRAINT settlements_name_length CHECK (length(name) BETWEEN 1 AND 100),
  CONSTRAINT settlements_sums_are_not_negative CHECK (debit_minor >= 0 AND credit_minor >= 0 AND legs >= late_legs AND late_legs >= 0)
);
COMMENT ON TABLE ledger.settlements IS 'Named cut-offs of an account: each takes what was recorded, effective by then, and in no settlement yet';
COMMENT ON COLUMN ledger.settlements.through_seq IS 'Every leg up to this one is settled: the next cut-off begins after it';
COMMENT ON COLUMN ledger.settlements.late_legs IS 'How many of its legs an earlier cut-off would have taken, had they been recorded by then';
CREATE INDEX settlements_by_account ON ledger.settlements (tenant_id, account_id, id);
SELECT core.isolate('ledger.settlements'), core.append_only('ledger.settlements');

CREATE TABLE ledger.settlement_legs (
  tenant_id uuid NOT NULL,
  account_id bigint NOT NULL,
  seq bigint NOT NULL,
  settlement_id bigint NOT NULL,
  change_minor bigint NOT NULL,
  -- A leg is settled once.
  CONSTRAINT settlement_legs_pkey PRIMARY KEY (tenant_id, account_id, seq),
  CONSTRAINT settlement_legs_settlement FOREIGN KEY (tenant_id, settlement_id) REFERENCES ledger.settlements (tenant_id, id)
);
COMMENT ON TABLE ledger.settlement_legs IS 'Which leg of an account was settled with which cut-off';
CREATE INDEX settlement_legs_by_settlement ON ledger.settlement_legs (tenant_id, settlement_id, seq);
SELECT core.isolate('ledger.settlement_legs'), core.append_only('ledger.settlement_legs');

GRANT SELECT ON ledger.periods, ledger.period_closings, ledger.period_reopenings, ledger.period_balances, ledger.settlements,
  ledger.settlement_legs TO headgate_app, headgate_readonly, headgate_poster;
GRANT INSERT ON ledger.periods, ledger.period_closings, ledger.period_reopenings, ledger.period_balances, ledger.settlements,
  ledger.settlement_legs TO headgate_poster;
GRANT UPDATE (status, closings) ON ledger.periods TO headgate_poster;
