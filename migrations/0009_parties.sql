-- Who is paid and who pays, with their bank accounts. The only place where a person's name is stored.
SELECT core.make_schema('parties', 'Employers, payees, borrowers and their bank accounts');

CREATE TABLE parties.transitions (
  entity text NOT NULL,
  from_status text NOT NULL,
  to_status text NOT NULL,
  CONSTRAINT transitions_pkey PRIMARY KEY (entity, from_status, to_status)
);
COMMENT ON TABLE parties.transitions IS 'The legal status moves of parties, bank accounts, their verification, and blocks; '''' is nothing yet';
INSERT INTO parties.transitions (entity, from_status, to_status) VALUES
  ('party', '', 'active'), ('party', 'active', 'closed'), ('party', 'closed', 'active'),
  ('bank_account', '', 'active'), ('bank_account', 'active', 'replaced'), ('bank_account', 'replaced', 'active'),
  ('bank_account', 'active', 'closed'), ('bank_account', 'replaced', 'closed'),
  ('verification', '', 'unverified'), ('verification', 'unverified', 'pending'), ('verification', 'unverified', 'verified'),
  ('verification', 'unverified', 'failed'), ('verification', 'pending', 'verified'), ('verification', 'pending', 'failed'),
  ('verification', 'failed', 'pending'), ('verification', 'failed', 'verified'), ('verification', 'verified', 'failed'),
  ('verification', 'verified', 'pending'),
  ('block', '', 'active'), ('block', 'active', 'lifted');
GRANT SELECT ON parties.transitions TO headgate_app, headgate_readonly;

CREATE TABLE parties.parties (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  legal_entity_id text COLLATE "C",
  external_id text NOT NULL,
  name text NOT NULL,
  is_person boolean NOT NULL,
  status text NOT NULL DEFAULT 'active',
  source_ref text,
  created_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT parties_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT parties_one_per_external_id UNIQUE NULLS NOT DISTINCT (tenant_id, kind, legal_entity_id, external_id),
  CONSTRAINT parties_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT parties_kind_is_known CHECK (kind IN ('employer', 'payee', 'borrower')),
  CONSTRAINT parties_status_is_known CHECK (status IN ('active', 'closed')),
  CONSTRAINT parties_payee_has_legal_entity CHECK (kind = 'borrower' OR legal_entity_id IS NOT NULL),
  CONSTRAINT parties_external_id_is_short CHECK (length(external_id) BETWEEN 1 AND 100),
  CONSTRAINT parties_name_is_short CHECK (length(name) BETWEEN 1 AND 200)
);
COMMENT ON TABLE parties.parties IS 'Employers, payees and borrowers; known again by legal entity, kind and the client''s own external id';
COMMENT ON COLUMN parties.parties.source_ref IS 'What said it last: the artifact of a register, or who typed it in';
SELECT core.isolate('parties.parties');
-- Whoever begins as everyone does needs no look-up: a register brings thousands.
CREATE TRIGGER party_begins BEFORE INSERT ON parties.parties
  FOR EACH ROW WHEN (NEW.status <> 'active') EXECUTE FUNCTION core.check_transition('party', 'parties.transitions');
CREATE TRIGGER party_moves BEFORE UPDATE OF status ON parties.parties
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('party', 'parties.transitions');
GRANT SELECT, INSERT, UPDATE (name, status, source_ref) ON parties.parties TO headgate_app;
GRANT SELECT ON parties.parties TO headgate_readonly;

CREATE TABLE parties.party_changes (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  party_id text COLLATE "C" NOT NULL,
  change text NOT NULL,
  name_before text,
  name_after text,
  source_ref text,
  actor_type text NOT NULL DEFAULT core.actor_type(),
  actor_id text NOT NULL DEFAULT core.actor_id(),
  correlation_id text DEFAULT core.correlation_id(),
  changed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT party_changes_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT party_changes_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties (tenant_id, id),
  CONSTRAINT party_changes_change_is_known CHECK (change IN ('created', 'renamed', 'closed', 'reopened'))
);
COMMENT ON TABLE parties.party_changes IS 'The history of parties, written by trigger whoever writes; append-only';
CREATE INDEX party_changes_of_party ON parties.party_changes (tenant_id, party_id, id);
SELECT core.isolate('parties.party_changes');
SELECT core.append_only('parties.party_changes');
GRANT SELECT ON parties.party_changes TO headgate_app, headgate_readonly;
GRANT INSERT ON parties.party_changes TO headgate_poster;

CREATE TABLE parties.bank_accounts (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  party_id text COLLATE "C" NOT NULL,
  routing_number text NOT NULL,
  account_number_sealed bytea NOT NULL,
  fingerprint bytea NOT NULL,
  last4 text NOT NULL,
  account_type text NOT NULL,
  status text NOT NULL DEFAULT 'active',
  verification text NOT NULL DEFAULT 'unverified',
  source_ref text,
  created_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT bank_accounts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT bank_accounts_one_row_per_account UNIQUE (tenant_id, party_id, fingerprint, account_type),
  CONSTRAINT bank_accounts_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties (tenant_id, id),
  CONSTRAINT bank_accounts_routing_number_has_nine_digits CHECK (routing_number ~ '^[0-9]{9}$'),
  CONSTRAINT bank_accounts_last4_is_short CHECK (length(last4) <= 4),
  CONSTRAINT bank_accounts_type_is_known CHECK (account_type IN ('checking', 'savings')),
  CONSTRAINT bank_accounts_status_is_known CHECK (status IN ('active', 'replaced', 'closed')),
  CONSTRAINT bank_accounts_verification_is_known CHECK (verification IN ('unverified', 'pending', 'verified', 'failed'))
);
COMMENT ON TABLE parties.bank_accounts IS 'Bank accounts of parties: the number sealed, found again by its keyed fingerprint, shown by its last digits';
COMMENT ON COLUMN parties.bank_accounts.fingerprint IS 'Keyed fingerprint of routing number and account number';
CREATE INDEX bank_accounts_by_fingerprint ON parties.bank_accounts (tenant_id, fingerprint);
SELECT core.isolate('parties.bank_accounts');
CREATE TRIGGER bank_account_begins BEFORE INSERT ON parties.bank_accounts
  FOR EACH ROW WHEN (NEW.status <> 'active') EXECUTE FUNCTION core.check_transition('bank_account', 'parties.transitions');
CREATE TRIGGER bank_account_moves BEFORE UPDATE OF status ON parties.bank_accounts
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('bank_account', 'parties.transitions');
CREATE TRIGGER verification_begins BEFORE INSERT ON parties.bank_accounts
  FOR EACH ROW WHEN (NEW.verification <> 'unverified') EXECUTE FUNCTION core.check_transition('verification', 'parties.transitions', 'verification');
CREATE TRIGGER verification_moves BEFORE UPDATE OF verification ON parties.bank_accounts
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('verification', 'parties.transitions', 'verification');
GRANT SELECT, INSERT, UPDATE (status, verification, source_ref) ON parties.bank_accounts TO headgate_app;
GRANT SELECT ON parties.bank_accounts TO headgate_readonly;

CREATE TABLE parties.bank_account_changes (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  party_id text COLLATE "C" NOT NULL,
  bank_account_id text COLLATE "C" NOT NULL,
  change text NOT NULL,
  source_ref text,
  actor_type text NOT NULL DEFAULT core.actor_type(),
  actor_id text NOT NULL DEFAULT core.actor_id(),
  correlation_id text DEFAULT core.correlation_id(),
  changed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT bank_account_changes_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT bank_account_changes_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts (tenant_id, id),
  CONSTRAINT bank_account_changes_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties (tenant_id, id),
  CONSTRAINT bank_account_changes_change_is_known CHECK (change IN
    ('added', 'replaced', 'reactivated', 'closed', 'verification_pending', 'verification_verified', 'verification_failed'))
);
COMMENT ON TABLE parties.bank_account_changes IS 'The history of bank accounts, written by trigger whoever writes; append-only: cooldowns after a change are judged by it';
CREATE INDEX bank_account_changes_of_party ON parties.bank_account_changes (tenant_id, party_id, id);
CREATE INDEX bank_account_changes_of_account ON parties.bank_account_changes (tenant_id, bank_account_id, id);
SELECT core.isolate('parties.bank_account_changes');
SELECT core.append_only('parties.bank_account_changes');
GRANT SELECT ON parties.bank_account_changes TO headgate_app, headgate_readonly;
GRANT INSERT ON parties.bank_account_changes TO headgate_poster;

CREATE TABLE parties.verifications (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  bank_account_id text COLLATE "C" NOT NULL,
  method text NOT NULL,
  outcome text NOT NULL,
  evidence_ref text,
  actor_type text NOT NULL DEFAULT core.actor_type(),
  actor_id text NOT NULL DEFAULT core.actor_id(),
  verified_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT verifications_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT verifications_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts (tenant_id, id),
  CONSTRAINT verifications_method_is_known CHECK (method IN ('prenote', 'micro_entry', 'document', 'ownership_check', 'manual')),
  CONSTRAINT verifications_outcome_is_known CHECK (outcome IN ('pending', 'verified', 'failed')),
  CONSTRAINT verifications_evidence_ref_is_short CHECK (length(evidence_ref) <= 200)
);
COMMENT ON TABLE parties.verifications IS 'Each step of verifying a bank account, with its method and evidence; append-only. The last outcome is the account''s state';
CREATE INDEX verifications_of_account ON parties.verifications (tenant_id, bank_account_id, id);
SELECT core.isolate('parties.verifications');
SELECT core.append_only('parties.verifications');
GRANT SELECT, INSERT ON parties.verifications TO headgate_app;
GRANT SELECT ON parties.verifications TO headgate_readonly;

CREATE TABLE parties.blocks (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  party_id text COLLATE "C",
  fingerprint bytea,
  bank_account_id text COLLATE "C",
  reason text NOT NULL,
  status text NOT NULL DEFAULT 'active',
  blocked_by text NOT NULL DEFAULT core.actor_id(),
  blocked_at timestamptz NOT NULL,
  lifted_by text,
  lifted_at timestamptz,
  lift_reason text,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT blocks_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT blocks_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties (tenant_id, id),
  CONSTRAINT blocks_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts (tenant_id, id),
  CONSTRAINT blocks_one_target CHECK (num_nonnulls(party_id, fingerprint) = 1 AND (bank_account_id IS NULL OR fingerprint IS NOT NULL)),
  CONSTRAINT blocks_reason_is_known CHECK (reason IN ('fraud', 'sanctions', 'legal_hold', 'deceased', 'account_closed', 'unauthorized_return', 'client_request', 'manual')),
  CONSTRAINT blocks_status_is_known CHECK (status IN ('active', 'lifted')),
  CONSTRAINT blocks_lifted_says_who_and_why CHECK ((status = 'lifted') = (lifted_by IS NOT NULL AND lifted_at IS NOT NULL AND lift_reason IS NOT NULL)),
  CONSTRAINT blocks_lift_reason_is_short CHECK (length(lift_reason) BETWEEN 1 AND 500)
);
COMMENT ON TABLE parties.blocks IS 'Who is not paid: a party, or an account number wherever it turns up (by fingerprint), with the reason and who lifted it';
CREATE UNIQUE INDEX blocks_one_active_per_party ON parties.blocks (tenant_id, party_id, reason) WHERE status = 'active';
CREATE UNIQUE INDEX blocks_one_active_per_fingerprint ON parties.blocks (tenant_id, fingerprint, reason) WHERE status = 'active';
SELECT core.isolate('parties.blocks');
CREATE TRIGGER block_moves BEFORE INSERT OR UPDATE OF status ON parties.blocks
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('block', 'parties.transitions');
GRANT SELECT, INSERT, UPDATE (status, lifted_by, lifted_at, lift_reason) ON parties.blocks TO headgate_app;
GRANT SELECT ON parties.blocks TO headgate_readonly;
