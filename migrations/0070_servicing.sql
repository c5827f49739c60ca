-- Loans, what they owe by instalment, what the tenant chose for their payments, and how each loan stands.
SELECT core.make_schema('servicing', 'Loans, their dues, their payments, and where each cent of a payment went');

CREATE TABLE servicing.transitions (
  entity text NOT NULL,
  from_status text NOT NULL,
  to_status text NOT NULL,
  CONSTRAINT transitions_pkey PRIMARY KEY (entity, from_status, to_status)
);
COMMENT ON TABLE servicing.transitions IS 'The legal moves of loans and of their payments; '''' is nothing yet';
INSERT INTO servicing.transitions (entity, from_status, to_status) VALUES
  ('loan', '', 'pending'),
  ('payment', '', 'completed'), ('payment', '', 'pending'), ('payment', 'pending', 'completed'), ('payment', 'pending', 'reversed'),
  ('payment', 'completed', 'reversed');
-- What the dues say follows the dues, wherever they go.
INSERT INTO servicing.transitions (entity, from_status, to_status)
SELECT 'loan', f.s, t.s
  FROM unnest(ARRAY['pending', 'current', 'grace', 'delinquent', 'default', 'paid_off', 'overpaid']) AS f (s)
 CROSS JOIN unnest(ARRAY['current', 'grace', 'delinquent', 'default', 'paid_off', 'overpaid']) AS t (s)
 WHERE f.s <> t.s;
-- A standing is given to any loan that is not elsewhere, and taken back; a loan that was charged off stays so until it is paid.
INSERT INTO servicing.transitions (entity, from_status, to_status)
SELECT 'loan', f.s, t.s
  FROM unnest(ARRAY['pending', 'current', 'grace', 'delinquent', 'default', 'paid_off', 'overpaid',
                    'charged_off', 'bankruptcy', 'deceased', 'military', 'forbearance']) AS f (s)
 CROSS JOIN unnest(ARRAY['charged_off', 'bankruptcy', 'deceased', 'military', 'forbearance', 'transferred']) AS t (s)
 WHERE f.s <> t.s AND NOT (f.s = 'charged_off' AND t.s IN ('military', 'forbearance'));
INSERT INTO servicing.transitions (entity, from_status, to_status)
SELECT 'loan', f.s, t.s
  FROM unnest(ARRAY['charged_off', 'bankruptcy', 'deceased', 'military', 'forbearance']) AS f (s)
 CROSS JOIN unnest(ARRAY['current', 'grace', 'delinquent', 'default', 'paid_off', 'overpaid']) AS t (s)
 WHERE f.s <> 'charged_off' OR t.s IN ('paid_off', 'overpaid');
GRANT SELECT ON servicing.transitions TO headgate_app, headgate_readonly;

CREATE TABLE servicing.policies (
  tenant_id uuid NOT NULL,
  product text COLLATE "C" NOT NULL,
  version_no integer NOT NULL,
  effective_from date NOT NULL,
  grace_days integer NOT NULL,
  default_after_days integer,
  overpayment text NOT NULL,
  nsf_fee_minor bigint NOT NULL DEFAULT 0,
  reason text NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT policies_pkey PRIMARY KEY (tenant_id, product, version_no),
  CONSTRAINT policies_are_numbered CHECK (version_no > 0),
  CONSTRAINT policies_product_is_a_word CHECK (product ~ '^[a-z][a-z0-9_]{1,39}$'),
  CONSTRAINT policies_days_are_counted CHECK (grace_days BETWEEN 0 AND 60 AND default_after_days > grace_days),
  CONSTRAINT policies_overpayment_is_known CHECK (overpayment IN ('keep', 'refund')),
  CONSTRAINT policies_fee_is_not_negative CHECK (nsf_fee_minor >= 0),
  CONSTRAINT policies_say_why CHECK (btrim(reason) <> '')
);
COMMENT ON TABLE servicing.policies IS 'What a tenant chose for a product, in versions: a payment keeps the one that counted on the day it was received';
COMMENT ON COLUMN servicing.policies.default_after_days IS 'From so many days past the oldest unpaid due date on, a loan is in default; NULL: only a person says so';
SELECT core.isolate('servicing.policies'), core.append_only('servicing.policies');

CREATE TABLE servicing.policy_rules (
  tenant_id uuid NOT NULL,
  product text COLLATE "C" NOT NULL,
  version_no integer NOT NULL,
  state text NOT NULL,
  waterfall text COLLATE "C" NOT NULL,
  in_advance text NOT NULL,
  allow_fees boolean NOT NULL,
  allow_interest boolean NOT NULL,
  allow_principal boolean NOT NULL,
  allow_escrow boolean NOT NULL,
  default_loan boolean NOT NULL,
  CONSTRAINT policy_rules_pkey PRIMARY KEY (tenant_id, product, version_no, state),
  CONSTRAINT policy_rules_policy_fkey FOREIGN KEY (tenant_id, product, version_no) REFERENCES servicing.policies (tenant_id, product, version_no),
  CONSTRAINT policy_rules_in_advance_is_known CHECK (in_advance IN ('hold', 'next', 'last'))
);
COMMENT ON TABLE servicing.policy_rules IS 'The allocation policy of a version by loan state; a state without a row is conservative: suspense and a case';
SELECT core.isolate('servicing.policy_rules'), core.append_only('servicing.policy_rules');

CREATE TABLE servicing.loans (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  product text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  borrower_id text COLLATE "C",
  state text NOT NULL DEFAULT 'pending',
  has_legal_hold boolean NOT NULL DEFAULT false,
  has_stop_pay boolean NOT NULL DEFAULT false,
  applied_through date,
  applied_key text COLLATE "C",
  oldest_due_on date,
  open_minor bigint NOT NULL DEFAULT 0,
  suspense_minor bigint NOT NULL DEFAULT 0,
  overpayment_minor bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT loans_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT loans_one_per_external_id UNIQUE (tenant_id, external_id),
  CONSTRAINT loans_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT loans_borrower_fkey FOREIGN KEY (tenant_id, borrower_id) REFERENCES parties.parties (tenant_id, id),
  CONSTRAINT loans_external_id_is_short CHECK (length(external_id) BETWEEN 1 AND 100),
  CONSTRAINT loans_sums_are_not_negative CHECK (open_minor >= 0 AND suspense_minor >= 0 AND overpayment_minor >= 0)
);
CREATE INDEX loans_by_state ON servicing.loans (tenant_id, state, id);
CREATE INDEX loans_with_waiting_money ON servicing.loans (tenant_id, id) WHERE suspense_minor > 0;
COMMENT ON TABLE servicing.loans IS 'Loans that are serviced: how each stands, and what its dues and payments come to';
COMMENT ON COLUMN servicing.loans.applied_through IS 'Up to this day the payments and due dates were folded; what comes for an earlier day makes the later ones be folded again';
COMMENT ON COLUMN servicing.loans.applied_key IS 'The key of the last payment of that day; a day''s payments are taken by their keys';
COMMENT ON COLUMN servicing.loans.oldest_due_on IS 'The oldest due date whose periodic payment is not whole yet; NULL: none is open';
SELECT core.isolate('servicing.loans');
CREATE TRIGGER loan_begins BEFORE INSERT ON servicing.loans
  FOR EACH ROW WHEN (NEW.state <> 'pending') EXECUTE FUNCTION core.check_transition('loan', 'servicing.transitions', 'state');
CREATE TRIGGER loan_moves BEFORE UPDATE OF state ON servicing.loans
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION core.check_transition('loan', 'servicing.transitions', 'state');

CREATE TABLE servicing.state_changes (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  loan_id text COLLATE "C" NOT NULL,
  entity text NOT NULL DEFAULT 'loan',
  from_state text NOT NULL,
  to_state text NOT NULL,
  on_day date NOT NULL,
  oldest_due_on date,
  actor_id text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT state_changes_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT state_changes_loan_fkey FOREIGN KEY (tenant_id, loan_id) REFERENCES servicing.loans (tenant_id, id),
  CONSTRAINT state_changes_are_legal FOREIGN KEY (entity, from_state, to_state) REFERENCES servicing.transitions (entity, from_status, to_status),
  CONSTRAINT state_changes_of_a_loan CHECK (entity = 'loan')
);
CREATE INDEX state_changes_of_loan ON servicing.state_changes (tenant_id, loan_id, id);
COMMENT ON TABLE servicing.state_changes IS 'Each move of a loan from state to state, with the unpaid due date that made it; only moves that transitions lists';
SELECT core.isolate('servicing.state_changes'), core.append_only('servicing.state_changes');

CREATE TABLE servicing.standings (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  loan_id text COLLATE "C" NOT NULL,
  standing text NOT NULL,
  from_on date NOT NULL,
  reason text NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT standings_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT standings_loan_fkey FOREIGN KEY (tenant_id, loan_id) REFERENCES servicing.loans (tenant_id, id),
  CONSTRAINT standings_are_known CHECK (standing IN ('none', 'default', 'charged_off', 'bankruptcy', 'deceased', 'military', 'forbearance', 'transferred')),
  CONSTRAINT standings_say_why CHECK (btrim(reason) <> '')
);
CREATE INDEX standings_of_loan ON servicing.standings (tenant_id, loan_id, from_on, id);
COMMENT ON TABLE servicing.standings IS 'What a loan is from a day on whatever its dues say, as a person or a court said; the newest of a day counts, none ends it';
SELECT core.isolate('servicing.standings'), core.append_only('servicing.standings');

CREATE TABLE servicing.dues (
  tenant_id uuid NOT NULL,
  loan_id text COLLATE "C" NOT NULL,
  instalment_no integer NOT NULL,
  kind text NOT NULL DEFAULT 'instalment',
  due_on date NOT NULL,
  fees_minor bigint NOT NULL DEFAULT 0,
  interest_minor bigint NOT NULL DEFAULT 0,
  principal_minor bigint NOT NULL DEFAULT 0,
  escrow_minor bigint NOT NULL DEFAULT 0,
  fees_paid_minor bigint NOT NULL DEFAULT 0,
  interest_paid_minor bigint NOT NULL DEFAULT 0,
  principal_paid_minor bigint NOT NULL DEFAULT 0,
  escrow_paid_minor bigint NOT NULL DEFAULT 0,
  reason text,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT dues_pkey PRIMARY KEY (tenant_id, loan_id, instalment_no),
  CONSTRAINT dues_loan_fkey FOREIGN KEY (tenant_id, loan_id) REFERENCES servicing.loans (tenant_id, id),
  CONSTRAINT dues_kind_is_known CHECK (kind IN ('instalment', 'charge')),
  CONSTRAINT dues_charge_is_a_fee CHECK (kind = 'instalment' OR (interest_minor + principal_minor + escrow_minor = 0 AND reason IS NOT NULL)),
  CONSTRAINT dues_owe_something CHECK (fees_minor >= 0 AND interest_minor >= 0 AND principal_minor >= 0 AND escrow_minor >= 0
    AND fees_minor + interest_minor + principal_minor + escrow_minor > 0),
  CONSTRAINT dues_are_paid_once CHECK (fees_paid_minor BETWEEN 0 AND fees_minor AND interest_paid_minor BETWEEN 0 AND interest_minor
    AND principal_paid_minor BETWEEN 0 AND principal_minor AND escrow_paid_minor BETWEEN 0 AND escrow_minor)
);
COMMENT ON TABLE servicing.dues IS 'What a loan owes, by instalment and bucket, with what was paid of it; a charge is a due of fees alone';
SELECT core.isolate('servicing.dues');

GRANT SELECT, INSERT ON servicing.policies, servicing.policy_rules, servicing.loans, servicing.state_changes, servicing.standings,
  servicing.dues TO headgate_app;
GRANT UPDATE (state, has_legal_hold, has_stop_pay, applied_through, applied_key, oldest_due_on, open_minor, suspense_minor, overpayment_minor, changed_at)
  ON servicing.loans TO headgate_app;
GRANT UPDATE (fees_paid_minor, interest_paid_minor, principal_paid_minor, escrow_paid_minor) ON servicing.dues TO headgate_app;
GRANT SELECT ON servicing.policies, servicing.policy_rules, servicing.loans, servicing.state_changes, servicing.standings, servicing.dues
  TO headgate_readonly;
