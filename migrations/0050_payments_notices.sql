-- Notifications of change: a receiving bank asks that the next entry say it otherwise.
CREATE TABLE payments.notice_policies (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  code text COLLATE "C" NOT NULL,
  policy text NOT NULL,
  reason text NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  set_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT notice_policies_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT notice_policies_code_is_one CHECK (code ~ '^C(0[1-9]|1[0-4])$'),
  CONSTRAINT notice_policies_policy_is_known CHECK (policy IN ('apply', 'case')),
  CONSTRAINT notice_policies_say_why CHECK (btrim(reason) <> '')
);
CREATE INDEX notice_policies_of_code ON payments.notice_policies (tenant_id, code, id DESC);
COMMENT ON TABLE payments.notice_policies IS 'What a tenant does with each kind of correction that a bank asks for; the newest row of a code counts';
SELECT core.isolate('payments.notice_policies'), core.append_only('payments.notice_policies');

CREATE TABLE payments.notices (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  external_id text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  decision text NOT NULL,
  attempt_id text COLLATE "C",
  instruction_id text COLLATE "C",
  party_id text COLLATE "C",
  old_bank_account_id text COLLATE "C",
  new_bank_account_id text COLLATE "C",
  moved_count integer NOT NULL DEFAULT 0,
  artifact_id text COLLATE "C" NOT NULL,
  record_id text COLLATE "C" NOT NULL,
  noticed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT notices_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT notices_count_once UNIQUE (tenant_id, provider, external_id),
  CONSTRAINT notices_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts (tenant_id, id),
  CONSTRAINT notices_old_account_fkey FOREIGN KEY (tenant_id, old_bank_account_id) REFERENCES parties.bank_accounts (tenant_id, id),
  CONSTRAINT notices_new_account_fkey FOREIGN KEY (tenant_id, new_bank_account_id) REFERENCES parties.bank_accounts (tenant_id, id),
  CONSTRAINT notices_decision_is_known CHECK (decision IN ('applied', 'superseded', 'case', 'orphan')),
  CONSTRAINT notices_orphan_has_no_attempt CHECK ((decision = 'orphan') = (attempt_id IS NULL)),
  CONSTRAINT notices_applied_names_accounts CHECK (decision <> 'applied' OR num_nulls(old_bank_account_id, new_bank_account_id) = 0),
  CONSTRAINT notices_moved_is_not_negative CHECK (moved_count >= 0)
);
CREATE INDEX notices_of_attempt ON payments.notices (tenant_id, attempt_id);
COMMENT ON TABLE payments.notices IS 'What banks asked to correct, and what was done: applied to the payee, superseded by a later change, or a case for a person';
COMMENT ON COLUMN payments.notices.moved_count IS 'Payments that had not left yet and go to the corrected account';
SELECT core.isolate('payments.notices'), core.append_only('payments.notices');

CREATE INDEX instructions_to_account ON payments.instructions (tenant_id, bank_account_id)
  WHERE status IN ('pending', 'awaiting_funding', 'blocked_funds');

GRANT SELECT, INSERT ON payments.notice_policies, payments.notices TO headgate_app;
GRANT SELECT ON payments.notice_policies, payments.notices TO headgate_readonly;
