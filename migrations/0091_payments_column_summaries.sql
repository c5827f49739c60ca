-- What a bank says its account held at the beginning and end of a day, beside what we counted of that day.
CREATE TABLE payments.bank_summaries (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  bank text COLLATE "C" NOT NULL,
  account_fingerprint bytea NOT NULL,
  account_last4 text NOT NULL,
  day_on date NOT NULL,
  opening_minor bigint NOT NULL,
  credit_minor bigint NOT NULL,
  debit_minor bigint NOT NULL,
  closing_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  artifact_id text COLLATE "C" NOT NULL,
  told_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT bank_summaries_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT bank_summaries_of_an_artifact_once UNIQUE (tenant_id, account_fingerprint, day_on, artifact_id),
  CONSTRAINT bank_summaries_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT bank_summaries_amounts_are_positive CHECK (credit_minor >= 0 AND debit_minor >= 0),
  CONSTRAINT bank_summaries_prove_themselves CHECK (opening_minor + credit_minor - debit_minor = closing_minor)
);
COMMENT ON TABLE payments.bank_summaries IS 'What a bank''s summary says of an account and a day: balances and what moved; told again otherwise, the last row holds';
COMMENT ON COLUMN payments.bank_summaries.day_on IS 'The day as the bank counts it';
SELECT core.isolate('payments.bank_summaries'), core.append_only('payments.bank_summaries');
GRANT SELECT, INSERT ON payments.bank_summaries TO headgate_app;
GRANT SELECT ON payments.bank_summaries TO headgate_readonly;
