-- The book against the bank: runs, matches and differences. Matches are held one to one by the database.
SELECT core.make_schema('recon', 'Reconciliation: what of the bank''s statement is in the book, and what is not');

CREATE TABLE recon.links (
  tenant_id uuid NOT NULL,
  account_id bigint NOT NULL,
  account_fingerprint bytea NOT NULL,
  account_last4 text NOT NULL,
  currency text COLLATE "C" NOT NULL,
  linked_by text NOT NULL DEFAULT core.actor_id(),
  linked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT links_pkey PRIMARY KEY (tenant_id, account_id, account_fingerprint),
  CONSTRAINT links_bank_account_has_one_mirror UNIQUE (tenant_id, account_fingerprint),
  CONSTRAINT links_account_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES ledger.accounts (tenant_id, id)
);
COMMENT ON TABLE recon.links IS 'Which account of the book mirrors which bank account; said once by a person, never guessed';
SELECT core.isolate('recon.links'), core.append_only('recon.links');

CREATE TABLE recon.reconciliations (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  account_id bigint NOT NULL,
  channel text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  period_start date NOT NULL,
  period_end date NOT NULL,
  bank_total bigint,
  sor_total bigint NOT NULL,
  variance bigint GENERATED ALWAYS AS (bank_total - sor_total) STORED,
  status text COLLATE "C" NOT NULL,
  details jsonb NOT NULL,
  run_by text NOT NULL DEFAULT core.actor_id(),
  run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  superseded_by text COLLATE "C",
  CONSTRAINT reconciliations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT reconciliations_account_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES ledger.accounts (tenant_id, id),
  -- The newer run is inserted after the older one has made room for it.
  CONSTRAINT reconciliations_superseded_fkey FOREIGN KEY (tenant_id, superseded_by) REFERENCES recon.reconciliations (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT reconciliations_channel_is_known CHECK (channel IN ('all', 'ach', 'wire', 'realtime', 'check', 'card', 'paypal', 'venmo', 'book')),
  CONSTRAINT reconciliations_status_is_known CHECK (status IN ('open', 'balanced', 'variance')),
  CONSTRAINT reconciliations_period_goes_forward CHECK (period_start <= period_end),
  CONSTRAINT reconciliations_open_without_statement CHECK ((status = 'open') = (bank_total IS NULL)),
  CONSTRAINT reconciliations_balanced_is_zero CHECK (status <> 'balanced' OR bank_total = sor_total)
);
COMMENT ON TABLE recon.reconciliations IS 'One run over an account, channel and period; a later run of the same supersedes it. Totals in signed minor units';
COMMENT ON COLUMN recon.reconciliations.bank_total IS 'Signed sum of the bank''s lines; NULL while no statement has come';
COMMENT ON COLUMN recon.reconciliations.sor_total IS 'Signed sum of the book''s legs (the system of record)';
CREATE UNIQUE INDEX reconciliations_one_current ON recon.reconciliations (tenant_id, account_id, channel, period_start, period_end)
  WHERE superseded_by IS NULL;
SELECT core.isolate('recon.reconciliations');

CREATE FUNCTION recon.refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'HG601',
    MESSAGE = format('reconciliation %s was superseded by %s, and stays so: run again', OLD.id, OLD.superseded_by);
END $$;
COMMENT ON FUNCTION recon.refuse_rewriting() IS 'Row trigger: a run is superseded once';
CREATE TRIGGER superseded_once BEFORE UPDATE ON recon.reconciliations
  FOR EACH ROW WHEN (OLD.superseded_by IS NOT NULL) EXECUTE FUNCTION recon.refuse_rewriting();
ALTER TABLE recon.reconciliations ENABLE ALWAYS TRIGGER superseded_once;

CREATE SEQUENCE recon.match_ids;
COMMENT ON SEQUENCE recon.match_ids IS 'Numbers of matches (mat_… at the edge)';

CREATE TABLE recon.matches (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL,
  reconciliation_id text COLLATE "C" NOT NULL,
  account_id bigint NOT NULL,
  rule text COLLATE "C" NOT NULL,
  reference text NOT NULL,
  signed_minor bigint NOT NULL,
  legs integer NOT NULL,
  matched_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT matches_pkey PRIMARY KEY (tenant_id, id),
  -- Deferred: the run is written after its matches, when its totals are known.
  CONSTRAINT matches_run_fkey FOREIGN KEY (tenant_id, reconciliation_id) REFERENCES recon.reconciliations (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT matches_have_legs CHECK (legs >= 1)
);
COMMENT ON TABLE recon.matches IS 'One bank line and the legs of the book that are it: equal in identifier and amount, found by the rule named';
CREATE INDEX matches_of_run ON recon.matches (tenant_id, reconciliation_id, id);
SELECT core.isolate('recon.matches'), core.append_only('recon.matches');

CREATE TABLE recon.match_records (
  tenant_id uuid NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  match_id bigint NOT NULL,
  CONSTRAINT match_records_pkey PRIMARY KEY (tenant_id, record_id),
  CONSTRAINT match_records_record_fkey FOREIGN KEY (tenant_id, record_id) REFERENCES ingestion.records (tenant_id, id),
  CONSTRAINT match_records_match_fkey FOREIGN KEY (tenant_id, match_id) REFERENCES recon.matches (tenant_id, id)
);
COMMENT ON TABLE recon.match_records IS 'A bank line is in one match at most: its key says so';
CREATE INDEX match_records_of_match ON recon.match_records (tenant_id, match_id);
SELECT core.isolate('recon.match_records'), core.append_only('recon.match_records');

CREATE TABLE recon.match_legs (
  tenant_id uuid NOT NULL,
  account_id bigint NOT NULL,
  seq bigint NOT NULL,
  match_id bigint NOT NULL,
  CONSTRAINT match_legs_pkey PRIMARY KEY (tenant_id, account_id, seq),
  CONSTRAINT match_legs_match_fkey FOREIGN KEY (tenant_id, match_id) REFERENCES recon.matches (tenant_id, id)
);
COMMENT ON TABLE recon.match_legs IS 'A leg of the book, by its account and its number there, is in one match at most: its key says so';
CREATE INDEX match_legs_of_match ON recon.match_legs (tenant_id, match_id);
SELECT core.isolate('recon.match_legs'), core.append_only('recon.match_legs');

CREATE TABLE recon.differences (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  reconciliation_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  reference text,
  record_id text COLLATE "C",
  transaction_id bigint,
  bank_minor bigint NOT NULL,
  book_minor bigint NOT NULL,
  legs integer NOT NULL,
  case_id text COLLATE "C" NOT NULL,
  CONSTRAINT differences_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT differences_run_fkey FOREIGN KEY (tenant_id, reconciliation_id) REFERENCES recon.reconciliations (tenant_id, id)
    DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT differences_record_fkey FOREIGN KEY (tenant_id, record_id) REFERENCES ingestion.records (tenant_id, id),
  CONSTRAINT differences_case_fkey FOREIGN KEY (tenant_id, case_id) REFERENCES cases.exception_cases (tenant_id, id),
  CONSTRAINT differences_kind_is_known CHECK (kind IN
    ('missing_in_book', 'missing_at_bank', 'amount_differs', 'ambiguous', 'match_differs', 'opening_differs',
     'statement_unproved')),
  CONSTRAINT differences_differ CHECK ((kind = 'ambiguous') = (bank_minor = book_minor))
);
COMMENT ON TABLE recon.differences IS 'What a run could not reconcile, each with its figures and its case';
CREATE INDEX differences_of_run ON recon.differences (tenant_id, reconciliation_id, id);
SELECT core.isolate('recon.differences'), core.append_only('recon.differences');

GRANT SELECT ON ALL TABLES IN SCHEMA recon TO headgate_app, headgate_readonly;
GRANT INSERT ON ALL TABLES IN SCHEMA recon TO headgate_app;
GRANT UPDATE (superseded_by) ON recon.reconciliations TO headgate_app;
GRANT USAGE ON SEQUENCE recon.match_ids TO headgate_app;
