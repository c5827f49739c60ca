-- What the gate judges by: settings, limits with their counters, approved overrides, credit lines, and the words for clients.
CREATE TABLE funding.settings (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  legal_entity_id text COLLATE "C" NOT NULL DEFAULT '',
  name text NOT NULL,
  value text NOT NULL,
  valid_until timestamptz NOT NULL DEFAULT 'infinity',
  reason text NOT NULL,
  approval_id text COLLATE "C" NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  set_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT settings_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT settings_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses (tenant_id, approval_id),
  CONSTRAINT settings_one_an_approval UNIQUE (tenant_id, approval_id),
  CONSTRAINT settings_say_why CHECK (btrim(reason) <> ''),
  CONSTRAINT settings_are_known CHECK (CASE name
    WHEN 'commit_gate_mode' THEN value IN ('soft', 'hybrid', 'strict')
    WHEN 'hold_banking_days.ach_debit' THEN value ~ '^(0|[1-9][0-9]?)$'
    WHEN 'clawback' THEN value IN ('available', 'available_then_reserved', 'none')
    ELSE false END)
);
CREATE INDEX settings_in_force ON funding.settings (tenant_id, legal_entity_id, name, id DESC);
COMMENT ON TABLE funding.settings IS 'What a tenant chose for all its legal entities ('''') or for one; changed under approval, the newest row in force counts. None of them is about the pay gate, which is always strict';
SELECT core.isolate('funding.settings'), core.append_only('funding.settings');

CREATE TABLE funding.limits (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL DEFAULT '',
  policy text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  amount_minor bigint,
  count bigint,
  ratio_bps bigint,
  days integer,
  is_off boolean NOT NULL DEFAULT false,
  valid_from timestamptz NOT NULL,
  valid_until timestamptz NOT NULL DEFAULT 'infinity',
  reason text NOT NULL,
  approval_id text COLLATE "C" NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT limits_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT limits_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses (tenant_id, approval_id),
  CONSTRAINT limits_one_an_approval UNIQUE (tenant_id, approval_id),
  CONSTRAINT limits_say_why CHECK (btrim(reason) <> ''),
  CONSTRAINT limits_end_after_they_begin CHECK (valid_until > valid_from),
  CONSTRAINT limits_figures_are_not_negative CHECK (amount_minor >= 0 AND count >= 0 AND ratio_bps >= 0 AND days >= 0)
);
CREATE INDEX limits_in_force ON funding.limits (tenant_id, legal_entity_id, policy, currency, id DESC);
COMMENT ON TABLE funding.limits IS 'What a policy allows, for all legal entities of a tenant ('''') or one; each row was approved by another person, the newest in force counts';
COMMENT ON COLUMN funding.limits.ratio_bps IS 'A ratio in hundredths of a percent: 20000 is twice';
SELECT core.isolate('funding.limits'), core.append_only('funding.limits');

CREATE TABLE funding.limit_counters (
  tenant_id uuid NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  policy text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  window_on date NOT NULL,
  used bigint NOT NULL DEFAULT 0,
  CONSTRAINT limit_counters_pkey PRIMARY KEY (tenant_id, legal_entity_id, policy, currency, window_on),
  CONSTRAINT limit_counters_are_not_negative CHECK (used >= 0)
);
COMMENT ON TABLE funding.limit_counters IS 'One row a tenant, legal entity ('''' for all), policy and day of its zone: locked before the account, so that no two committers pass on the same room';
SELECT core.isolate('funding.limit_counters');

CREATE TABLE funding.limit_uses (
  tenant_id uuid NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  policy text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  window_on date NOT NULL,
  subject text COLLATE "C" NOT NULL,
  committed bigint NOT NULL DEFAULT 0,
  paid bigint NOT NULL DEFAULT 0,
  used bigint NOT NULL GENERATED ALWAYS AS (greatest(committed, paid)) STORED,
  CONSTRAINT limit_uses_pkey PRIMARY KEY (tenant_id, legal_entity_id, policy, currency, window_on, subject),
  CONSTRAINT limit_uses_counter_fkey FOREIGN KEY (tenant_id, legal_entity_id, policy, currency, window_on)
    REFERENCES funding.limit_counters (tenant_id, legal_entity_id, policy, currency, window_on),
  CONSTRAINT limit_uses_are_not_negative CHECK (committed >= 0 AND paid >= 0)
);
COMMENT ON TABLE funding.limit_uses IS 'What each payroll took of a day''s room: what was reserved for that day, or what was sent on it where that is more';
SELECT core.isolate('funding.limit_uses');

CREATE TABLE funding.overrides (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  policy text COLLATE "C",
  subject text COLLATE "C",
  party_id text COLLATE "C",
  valid_until timestamptz NOT NULL,
  reason text NOT NULL,
  approval_id text COLLATE "C" NOT NULL,
  granted_by text NOT NULL DEFAULT core.actor_id(),
  granted_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT overrides_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT overrides_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT overrides_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties (tenant_id, id),
  CONSTRAINT overrides_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses (tenant_id, approval_id),
  CONSTRAINT overrides_one_an_approval UNIQUE (tenant_id, approval_id),
  CONSTRAINT overrides_kind_is_known CHECK (kind IN ('policy_exception', 'payee_unblock')),
  CONSTRAINT overrides_name_what_they_allow CHECK (CASE kind WHEN 'policy_exception' THEN policy IS NOT NULL AND subject IS NOT NULL
    ELSE party_id IS NOT NULL END),
  CONSTRAINT overrides_end CHECK (valid_until > granted_at AND valid_until < 'infinity'),
  CONSTRAINT overrides_say_why CHECK (btrim(reason) <> '')
);
CREATE INDEX overrides_of_legal_entity ON funding.overrides (tenant_id, legal_entity_id, valid_until);
COMMENT ON TABLE funding.overrides IS 'What two people allowed beside the policies, until when: one policy for one payroll, or a blocked payee. None lets unfunded money leave';
SELECT core.isolate('funding.overrides'), core.append_only('funding.overrides');

CREATE TABLE funding.credit_lines (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  limit_minor bigint NOT NULL,
  valid_from timestamptz NOT NULL,
  valid_until timestamptz NOT NULL,
  reason text NOT NULL,
  approval_id text COLLATE "C" NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT credit_lines_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT credit_lines_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT credit_lines_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses (tenant_id, approval_id),
  CONSTRAINT credit_lines_one_an_approval UNIQUE (tenant_id, approval_id),
  CONSTRAINT credit_lines_limit_is_not_negative CHECK (limit_minor >= 0),
  CONSTRAINT credit_lines_end CHECK (valid_until > valid_from AND valid_until < 'infinity'),
  CONSTRAINT credit_lines_say_why CHECK (btrim(reason) <> '')
);
CREATE INDEX credit_lines_of_legal_entity ON funding.credit_lines (tenant_id, legal_entity_id, currency, id DESC);
COMMENT ON TABLE funding.credit_lines IS 'How much of the tenant''s own money a client may be lent, until when; approved, the newest row counts. It counts in the pay gate only when drawn';
SELECT core.isolate('funding.credit_lines'), core.append_only('funding.credit_lines');

CREATE TABLE funding.credit_moves (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  idempotency_key text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  currency text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  amount_minor bigint NOT NULL,
  transaction_id bigint NOT NULL,
  approval_id text COLLATE "C",
  moved_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT credit_moves_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT credit_moves_key UNIQUE (tenant_id, idempotency_key),
  CONSTRAINT credit_moves_one_transaction_each UNIQUE (tenant_id, transaction_id),
  CONSTRAINT credit_moves_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT credit_moves_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses (tenant_id, approval_id),
  CONSTRAINT credit_moves_one_an_approval UNIQUE (tenant_id, approval_id),
  CONSTRAINT credit_moves_kind_is_known CHECK (kind IN ('drawn', 'repaid')),
  CONSTRAINT credit_moves_drawing_is_approved CHECK ((kind = 'drawn') = (approval_id IS NOT NULL)),
  CONSTRAINT credit_moves_amount_is_positive CHECK (amount_minor > 0)
);
CREATE INDEX credit_moves_of_legal_entity ON funding.credit_moves (tenant_id, legal_entity_id, currency);
COMMENT ON TABLE funding.credit_moves IS 'What was drawn of a credit line, from the tenant''s own settled money into the client''s funds, and what was paid back';
SELECT core.isolate('funding.credit_moves'), core.append_only('funding.credit_moves');

CREATE TABLE funding.message_templates (
  tenant_id uuid NOT NULL,
  key text COLLATE "C" NOT NULL,
  text text NOT NULL,
  changed_by text NOT NULL DEFAULT core.actor_id(),
  changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT message_templates_pkey PRIMARY KEY (tenant_id, key),
  CONSTRAINT message_templates_text_length CHECK (length(text) BETWEEN 1 AND 500),
  CONSTRAINT message_templates_name_only_the_amount CHECK (replace(text, '{amount}', '') !~ '[{}]')
);
COMMENT ON TABLE funding.message_templates IS 'What the client is told when the gate stays shut, in the tenant''s own words; without a row Headgate''s';
SELECT core.isolate('funding.message_templates');

ALTER TABLE funding.gate_evaluations DROP CONSTRAINT gate_evaluations_reason,
  ADD CONSTRAINT gate_evaluations_reason CHECK (reason IN ('insufficient_funds', 'policy_violation', 'reservation_conflict')),
  ADD COLUMN mode text NOT NULL DEFAULT 'strict',
  ADD COLUMN outcome text,
  ADD COLUMN policy_violated text,
  ADD COLUMN violations jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN override_reason text,
  ADD COLUMN cure_expected_at timestamptz,
  ADD COLUMN evidence_age interval GENERATED ALWAYS AS (evaluated_at - funded_until) STORED,
  ADD COLUMN fingerprint bytea,
  ADD COLUMN pay_on date,
  ADD CONSTRAINT gate_evaluations_mode_is_known CHECK (mode IN ('soft', 'hybrid', 'strict')),
  ADD CONSTRAINT gate_evaluations_pay_gate_is_strict CHECK (gate_type = 'commit' OR mode = 'strict'),
  ADD CONSTRAINT gate_evaluations_outcome_is_known CHECK (outcome IN ('passed', 'warned', 'blocked')),
  ADD CONSTRAINT gate_evaluations_outcome_agrees CHECK ((outcome = 'passed') = passed
    AND (outcome <> 'warned' OR (mode <> 'strict' AND (mode = 'soft' OR reason <> 'policy_violation')))),
  ADD CONSTRAINT gate_evaluations_violation_is_named CHECK (reason IS DISTINCT FROM 'policy_violation' OR policy_violated IS NOT NULL);
CREATE INDEX gate_evaluations_by_time ON funding.gate_evaluations (tenant_id, evaluated_at) INCLUDE (outcome, legal_entity_id);
CREATE INDEX gate_evaluations_history ON funding.gate_evaluations (tenant_id, legal_entity_id, currency, id DESC)
  INCLUDE (subject, required_minor, outcome) WHERE gate_type = 'commit' AND outcome <> 'blocked';
CREATE INDEX gate_evaluations_by_fingerprint ON funding.gate_evaluations (tenant_id, legal_entity_id, fingerprint)
  WHERE gate_type = 'commit' AND outcome <> 'blocked';
COMMENT ON COLUMN funding.gate_evaluations.mode IS 'How the commit gate judged: strict needs policies and funds, hybrid policies, soft warns. The pay gate is always strict';
COMMENT ON COLUMN funding.gate_evaluations.outcome IS 'warned: it did not pass, and the mode let it be committed all the same; nothing was reserved for what lacked. NULL before there were modes';
COMMENT ON COLUMN funding.gate_evaluations.policy_violated IS 'The first policy that was violated; all of them stand in violations';
COMMENT ON COLUMN funding.gate_evaluations.evidence_age IS 'How old the newest settled money was that the figures counted';
COMMENT ON COLUMN funding.gate_evaluations.cure_expected_at IS 'When expected funding would cover what lacks, as far as it is announced';
COMMENT ON COLUMN funding.gate_evaluations.fingerprint IS 'Who is paid how much, whatever the payroll is called: the same again within days is a duplicate';

GRANT SELECT ON funding.settings, funding.limits, funding.limit_counters, funding.limit_uses, funding.overrides, funding.credit_lines,
  funding.credit_moves, funding.message_templates TO headgate_app, headgate_readonly;
GRANT INSERT ON funding.settings, funding.limits, funding.limit_counters, funding.limit_uses, funding.overrides, funding.credit_lines,
  funding.credit_moves, funding.message_templates TO headgate_app;
GRANT UPDATE (used) ON funding.limit_counters TO headgate_app;
GRANT UPDATE (committed, paid) ON funding.limit_uses TO headgate_app;
GRANT UPDATE (text, changed_by, changed_at) ON funding.message_templates TO headgate_app;
