-- From evidence to payments: which sources bring loan payments, which pieces of evidence are one payment, and what each was used for.

ALTER TABLE ingestion.payment_ingestions
  ADD COLUMN loan_id text COLLATE "C",
  ADD COLUMN amount_minor bigint,
  ADD COLUMN currency text COLLATE "C",
  ADD COLUMN value_on date;
COMMENT ON COLUMN ingestion.payment_ingestions.loan_id IS 'The loan that its envelope names; with amount and day it raises suspicion of a duplicate from another source';
CREATE INDEX payment_ingestions_of_loan ON ingestion.payment_ingestions (tenant_id, loan_id, amount_minor, value_on) WHERE loan_id IS NOT NULL;

CREATE TABLE ingestion.payment_sources (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  source text COLLATE "C" NOT NULL,
  account_fingerprint bytea,
  account_last4 text NOT NULL DEFAULT '',
  purpose text NOT NULL,
  channel text COLLATE "C",
  loan_field text COLLATE "C" NOT NULL,
  loan_prefix text NOT NULL DEFAULT '',
  reason text NOT NULL,
  set_by text NOT NULL DEFAULT core.actor_id(),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT payment_sources_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT payment_sources_source_is_a_word CHECK (source ~ '^[a-z][a-z0-9_.-]{0,59}$'),
  CONSTRAINT payment_sources_fingerprint_has_32_bytes CHECK (octet_length(account_fingerprint) = 32),
  CONSTRAINT payment_sources_last4_is_short CHECK (length(account_last4) <= 4),
  CONSTRAINT payment_sources_purpose_is_known CHECK (purpose IN ('loans', 'deposits', 'none')),
  CONSTRAINT payment_sources_channel_is_known CHECK (channel IN ('ach', 'wire', 'realtime', 'check', 'card', 'paypal', 'venmo', 'book')),
  CONSTRAINT payment_sources_field_is_short CHECK (length(loan_field) BETWEEN 1 AND 100 AND length(loan_prefix) <= 60),
  CONSTRAINT payment_sources_say_why CHECK (btrim(reason) <> '')
);
COMMENT ON TABLE ingestion.payment_sources IS
  'What money is for that a source, or one account of its statements, brings: payments of loans, deposits, or neither; the newest row of each counts';
COMMENT ON COLUMN ingestion.payment_sources.account_fingerprint IS 'The account that this is said of; NULL: every account of the source of which nothing else is said';
COMMENT ON COLUMN ingestion.payment_sources.loan_field IS 'Where the loan''s reference stands: a field of the record, or data.… in what a webhook sent';
COMMENT ON COLUMN ingestion.payment_sources.loan_prefix IS 'What stands before the reference in that field; empty: the field is the reference';
COMMENT ON COLUMN ingestion.payment_sources.channel IS 'The channel of what does not say by itself how it came';
CREATE INDEX payment_sources_of_source ON ingestion.payment_sources (tenant_id, source, id DESC);
SELECT core.isolate('ingestion.payment_sources'), core.append_only('ingestion.payment_sources');
GRANT SELECT, INSERT ON ingestion.payment_sources TO headgate_app;
GRANT SELECT ON ingestion.payment_sources TO headgate_readonly;

CREATE TABLE ingestion.payment_evidence (
  tenant_id uuid NOT NULL,
  identity bytea NOT NULL,
  ingestion_id text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  artifact_id text COLLATE "C",
  record_id text COLLATE "C",
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT payment_evidence_pkey PRIMARY KEY (tenant_id, identity),
  CONSTRAINT payment_evidence_identity_has_32_bytes CHECK (octet_length(identity) = 32),
  CONSTRAINT payment_evidence_ingestion_fkey FOREIGN KEY (tenant_id, ingestion_id)
    REFERENCES ingestion.payment_ingestions (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE ingestion.payment_evidence IS
  'Each piece of evidence of a payment that came in: the first made it, one of another source with an identifier of it was added';
COMMENT ON COLUMN ingestion.payment_evidence.identity IS 'As of payment_ingestions: what is the same when the same piece comes again';
CREATE INDEX payment_evidence_of_ingestion ON ingestion.payment_evidence (tenant_id, ingestion_id);
CREATE INDEX payment_evidence_of_artifact ON ingestion.payment_evidence (tenant_id, artifact_id) WHERE artifact_id IS NOT NULL;
SELECT core.isolate('ingestion.payment_evidence'), core.append_only('ingestion.payment_evidence');
GRANT SELECT, INSERT ON ingestion.payment_evidence TO headgate_app;
GRANT SELECT ON ingestion.payment_evidence TO headgate_readonly;

CREATE TABLE ingestion.payment_identifiers (
  tenant_id uuid NOT NULL,
  identifier text COLLATE "C" NOT NULL,
  ingestion_id text COLLATE "C" NOT NULL,
  CONSTRAINT payment_identifiers_pkey PRIMARY KEY (tenant_id, identifier, ingestion_id),
  CONSTRAINT payment_identifiers_say_their_kind CHECK (identifier ~ '^(transfer|trace|imad|uetr|e2e):.{1,200}$'),
  CONSTRAINT payment_identifiers_ingestion_fkey FOREIGN KEY (tenant_id, ingestion_id)
    REFERENCES ingestion.payment_ingestions (tenant_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE ingestion.payment_identifiers IS
  'What providers and banks call a payment that came in: a transfer''s id, a trace number, Fedwire''s numbers, a UETR, an end-to-end id';
SELECT core.isolate('ingestion.payment_identifiers'), core.append_only('ingestion.payment_identifiers');
GRANT SELECT, INSERT ON ingestion.payment_identifiers TO headgate_app;
GRANT SELECT ON ingestion.payment_identifiers TO headgate_readonly;

CREATE TABLE ingestion.evidence_uses (
  tenant_id uuid NOT NULL,
  claim text COLLATE "C" NOT NULL,
  used_as text NOT NULL,
  used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT evidence_uses_pkey PRIMARY KEY (tenant_id, claim),
  CONSTRAINT evidence_uses_claim_says_its_kind CHECK (claim ~ '^(record|transfer|trace|imad|uetr):.{1,250}$'),
  CONSTRAINT evidence_uses_use_is_known CHECK (used_as IN ('loan_payment', 'deposit'))
);
COMMENT ON TABLE ingestion.evidence_uses IS
  'What a record, or an amount under a provider''s identifier, was used as: one use for ever, so that no credit is both a loan payment and a deposit';
SELECT core.isolate('ingestion.evidence_uses'), core.append_only('ingestion.evidence_uses');
GRANT SELECT, INSERT ON ingestion.evidence_uses TO headgate_app;
GRANT SELECT ON ingestion.evidence_uses TO headgate_readonly;
