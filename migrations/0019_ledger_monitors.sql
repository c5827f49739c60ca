-- What is watched: thresholds on balances, announced when they are crossed; and clearing accounts, which should come to zero.
CREATE SEQUENCE ledger.monitor_ids CACHE 1;
COMMENT ON SEQUENCE ledger.monitor_ids IS 'Numbers of balance monitors (mon_…)';
GRANT USAGE ON SEQUENCE ledger.monitor_ids TO headgate_poster;

CREATE TABLE ledger.balance_monitors (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL DEFAULT nextval('ledger.monitor_ids'),
  account_id bigint NOT NULL,
  threshold_minor bigint NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  removed_at timestamptz,
  is_crossed boolean NOT NULL,
  what text COLLATE "C" NOT NULL,
  comparison text COLLATE "C" NOT NULL,
  name text NOT NULL,
  CONSTRAINT balance_monitors_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT balance_monitors_account FOREIGN KEY (tenant_id, account_id) REFERENCES ledger.accounts (tenant_id, id),
  CONSTRAINT balance_monitors_what_is_known CHECK (what IN ('posted', 'available')),
  CONSTRAINT balance_monitors_comparison_is_known CHECK (comparison IN ('below', 'above')),
  CONSTRAINT balance_monitors_name_length CHECK (length(name) BETWEEN 1 AND 100)
);
COMMENT ON TABLE ledger.balance_monitors IS 'Thresholds on an account''s balance; a message goes out in the posting that crosses one, and in the one that comes back';
COMMENT ON COLUMN ledger.balance_monitors.threshold_minor IS 'On the account''s normal side; crossed when the balance is below (or above) it, not when it is equal';
COMMENT ON COLUMN ledger.balance_monitors.changed_at IS 'When is_crossed last changed';
CREATE INDEX balance_monitors_watching ON ledger.balance_monitors (tenant_id, account_id) WHERE removed_at IS NULL;
SELECT core.isolate('ledger.balance_monitors');

CREATE TABLE ledger.clearing_rules (
  tenant_id uuid NOT NULL,
  account_id bigint NOT NULL,
  set_at timestamptz NOT NULL,
  must_be_zero boolean NOT NULL,
  max_age interval,
  reason text NOT NULL,
  actor_id text NOT NULL,
  CONSTRAINT clearing_rules_pkey PRIMARY KEY (tenant_id, account_id, set_at),
  CONSTRAINT clearing_rules_account FOREIGN KEY (tenant_id, account_id) REFERENCES ledger.accounts (tenant_id, id),
  CONSTRAINT clearing_rules_age_is_positive CHECK (max_age > interval '0'),
  CONSTRAINT clearing_rules_reason_length CHECK (length(reason) BETWEEN 1 AND 1000)
);
COMMENT ON TABLE ledger.clearing_rules IS 'Which accounts should come to zero, and how old what is left on them may be; the last row of an account holds';
SELECT core.isolate('ledger.clearing_rules'), core.append_only('ledger.clearing_rules');

GRANT SELECT ON ledger.balance_monitors, ledger.clearing_rules TO headgate_app, headgate_readonly, headgate_poster;
GRANT INSERT ON ledger.balance_monitors, ledger.clearing_rules TO headgate_poster;
GRANT UPDATE (is_crossed, changed_at, removed_at) ON ledger.balance_monitors TO headgate_poster;
