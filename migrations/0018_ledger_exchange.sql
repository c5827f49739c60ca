-- Exchange: rates as they were known, conversions through position accounts, what a position cost, and its revaluation.
CREATE SEQUENCE ledger.exchange_ids CACHE 1;
COMMENT ON SEQUENCE ledger.exchange_ids IS 'Numbers of exchange rates (fxr_…), conversions (fxc_…) and revaluations (fxv_…)';
GRANT USAGE ON SEQUENCE ledger.exchange_ids TO headgate_poster;

CREATE TABLE ledger.exchange_rates (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL DEFAULT nextval('ledger.exchange_ids'),
  effective_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  rate numeric NOT NULL,
  from_currency text COLLATE "C" NOT NULL,
  to_currency text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  CONSTRAINT exchange_rates_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT exchange_rates_currencies CHECK (from_currency ~ '^[A-Z]{3}$' AND to_currency ~ '^[A-Z]{3}$' AND from_currency <> to_currency),
  CONSTRAINT exchange_rates_rate_is_exact CHECK (rate > 0 AND rate < 1000000000000 AND scale(rate) <= 12),
  CONSTRAINT exchange_rates_source_length CHECK (length(source) BETWEEN 1 AND 100)
);
COMMENT ON TABLE ledger.exchange_rates IS 'Units of to_currency for one of from_currency, from effective_at on; a correction is a later row for the same instant';
CREATE INDEX exchange_rates_latest ON ledger.exchange_rates (tenant_id, from_currency, to_currency, effective_at, id);
SELECT core.isolate('ledger.exchange_rates'), core.append_only('ledger.exchange_rates');

CREATE TABLE ledger.conversions (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL,
  transaction_id bigint NOT NULL,
  recorded_at timestamptz NOT NULL,
  from_account_id bigint NOT NULL,
  to_account_id bigint NOT NULL,
  from_minor bigint NOT NULL,
  to_minor bigint NOT NULL,
  value_minor bigint NOT NULL,
  gain_minor bigint NOT NULL,
  code smallint NOT NULL,
  rate numeric NOT NULL,
  from_currency text COLLATE "C" NOT NULL,
  to_currency text COLLATE "C" NOT NULL,
  functional_currency text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  body_hash bytea NOT NULL,
  facts jsonb,
  CONSTRAINT conversions_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT conversions_one_a_key UNIQUE (tenant_id, key),
  CONSTRAINT conversions_amounts_are_positive CHECK (from_minor > 0 AND to_minor > 0 AND value_minor >= 0),
  CONSTRAINT conversions_hash_is_sha256 CHECK (octet_length(body_hash) = 32)
);
COMMENT ON TABLE ledger.conversions IS 'Every conversion that was asked for, once a key: the amounts, the rate and whose it is, and the gain that it realised; code 0, or why the book refused it';
COMMENT ON COLUMN ledger.conversions.value_minor IS 'What was exchanged, in the functional currency';
COMMENT ON COLUMN ledger.conversions.gain_minor IS 'Realised, in the functional currency; a loss is negative';
CREATE UNIQUE INDEX conversions_by_transaction ON ledger.conversions (tenant_id, transaction_id);
SELECT core.isolate('ledger.conversions'), core.append_only('ledger.conversions');

CREATE TABLE ledger.position_moves (
  tenant_id uuid NOT NULL,
  account_id bigint NOT NULL,
  seq bigint NOT NULL,
  functional_account_id bigint NOT NULL,
  conversion_id bigint NOT NULL,
  transaction_id bigint NOT NULL,
  quantity_minor bigint NOT NULL,
  cost_minor bigint NOT NULL,
  gain_minor bigint NOT NULL,
  quantity_after bigint NOT NULL,
  cost_after bigint NOT NULL,
  CONSTRAINT position_moves_pkey PRIMARY KEY (tenant_id, account_id, seq),
  CONSTRAINT position_moves_one_a_transaction UNIQUE (tenant_id, transaction_id, account_id),
  CONSTRAINT position_moves_between_two_accounts CHECK (account_id <> functional_account_id),
  CONSTRAINT position_moves_closed_at_no_cost CHECK (quantity_after <> 0 OR cost_after = 0)
);
COMMENT ON TABLE ledger.position_moves IS 'What each conversion did to a currency position: quantity in its own currency, cost in the functional one, with running totals';
COMMENT ON COLUMN ledger.position_moves.quantity_minor IS 'Positive: more of the currency is held; its position account is credited with it';
COMMENT ON COLUMN ledger.position_moves.cost_minor IS 'What the position account of the functional currency was debited with for it, realised gain included';
SELECT core.isolate('ledger.position_moves'), core.append_only('ledger.position_moves');

CREATE TABLE ledger.revaluations (
  tenant_id uuid NOT NULL,
  id bigint NOT NULL,
  functional_account_id bigint NOT NULL,
  recorded_at timestamptz NOT NULL,
  revalued_on date NOT NULL,
  transaction_id bigint,
  reversal_id bigint,
  gain_minor bigint NOT NULL,
  functional_currency text COLLATE "C" NOT NULL,
  CONSTRAINT revaluations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT revaluations_one_a_day UNIQUE (tenant_id, functional_account_id, revalued_on),
  CONSTRAINT revaluations_are_taken_back CHECK ((transaction_id IS NULL) = (reversal_id IS NULL))
);
COMMENT ON TABLE ledger.revaluations IS 'The unrealised gain or loss at the end of a day, posted on it and taken back on the next; no transaction where it is zero';
SELECT core.isolate('ledger.revaluations'), core.append_only('ledger.revaluations');

CREATE TABLE ledger.revaluation_lines (
  tenant_id uuid NOT NULL,
  revaluation_id bigint NOT NULL,
  account_id bigint NOT NULL,
  rate_id bigint NOT NULL,
  quantity_minor bigint NOT NULL,
  cost_minor bigint NOT NULL,
  value_minor bigint NOT NULL,
  gain_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  CONSTRAINT revaluation_lines_pkey PRIMARY KEY (tenant_id, revaluation_id, account_id),
  CONSTRAINT revaluation_lines_revaluation FOREIGN KEY (tenant_id, revaluation_id) REFERENCES ledger.revaluations (tenant_id, id),
  CONSTRAINT revaluation_lines_rate FOREIGN KEY (tenant_id, rate_id) REFERENCES ledger.exchange_rates (tenant_id, id),
  CONSTRAINT revaluation_lines_add_up CHECK (gain_minor = value_minor - cost_minor)
);
COMMENT ON TABLE ledger.revaluation_lines IS 'A revaluation, position by position: what it cost, the rate of the day, what it is worth';
SELECT core.isolate('ledger.revaluation_lines'), core.append_only('ledger.revaluation_lines');

GRANT SELECT ON ledger.exchange_rates, ledger.conversions, ledger.position_moves, ledger.revaluations, ledger.revaluation_lines
  TO headgate_app, headgate_readonly, headgate_poster;
GRANT INSERT ON ledger.exchange_rates, ledger.conversions, ledger.position_moves, ledger.revaluations, ledger.revaluation_lines TO headgate_poster;
