-- What providers and banks say moved, pulled by the day; debits of clients' accounts that really go out; and by when each
-- order that left must have been heard of.
CREATE TABLE funding.debit_authorizations (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  legal_entity_id text COLLATE "C" NOT NULL,
  bank_account_id text COLLATE "C",
  evidence text NOT NULL,
  decided_by text NOT NULL DEFAULT core.actor_id(),
  decided_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT debit_authorizations_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT debit_authorizations_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT debit_authorizations_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts (tenant_id, id),
  CONSTRAINT debit_authorizations_rest_on_something CHECK (length(btrim(evidence)) BETWEEN 1 AND 500)
);
CREATE INDEX debit_authorizations_of_entity ON funding.debit_authorizations (tenant_id, legal_entity_id, id DESC);
COMMENT ON TABLE funding.debit_authorizations IS 'Which account of a client we may debit, and what that rests on; the newest row of a legal entity counts';
COMMENT ON COLUMN funding.debit_authorizations.bank_account_id IS 'None: the authorization was withdrawn, and nothing is debited';
SELECT core.isolate('funding.debit_authorizations'), core.append_only('funding.debit_authorizations');
GRANT SELECT, INSERT ON funding.debit_authorizations TO headgate_app;
GRANT SELECT ON funding.debit_authorizations TO headgate_readonly;

INSERT INTO payments.transitions (entity, from_status, to_status) VALUES
  ('funding_attempt', '', 'sent'), ('funding_attempt', 'sent', 'settled'), ('funding_attempt', 'sent', 'rejected'),
  ('funding_attempt', 'settled', 'returned');

-- A file of debits alone carries no credits.
ALTER TABLE payments.ach_files DROP CONSTRAINT ach_files_carry_money,
  ADD CONSTRAINT ach_files_carry_money CHECK (entry_count > 0 AND credit_minor >= 0 AND debit_minor >= 0 AND credit_minor + debit_minor > 0);

CREATE TABLE payments.funding_attempts (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  funding_request_id text COLLATE "C" NOT NULL,
  attempt_no integer NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  bank_account_id text COLLATE "C" NOT NULL,
  authorization_id bigint NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  rail text NOT NULL,
  sec_code text NOT NULL,
  ach_file_id text COLLATE "C" NOT NULL,
  trace_number text COLLATE "C" NOT NULL,
  rdfi_identification text COLLATE "C" NOT NULL,
  individual_id text COLLATE "C" NOT NULL,
  heard_by timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'sent',
  created_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT funding_attempts_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT funding_attempts_are_numbered UNIQUE (tenant_id, funding_request_id, attempt_no),
  CONSTRAINT funding_attempts_one_entry_each UNIQUE (tenant_id, ach_file_id, trace_number),
  CONSTRAINT funding_attempts_known_by_their_id UNIQUE (tenant_id, individual_id),
  CONSTRAINT funding_attempts_request_fkey FOREIGN KEY (tenant_id, funding_request_id) REFERENCES funding.requests (tenant_id, id),
  CONSTRAINT funding_attempts_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT funding_attempts_account_fkey FOREIGN KEY (tenant_id, bank_account_id) REFERENCES parties.bank_accounts (tenant_id, id),
  CONSTRAINT funding_attempts_authorization_fkey FOREIGN KEY (tenant_id, authorization_id) REFERENCES funding.debit_authorizations (tenant_id, id),
  CONSTRAINT funding_attempts_file_fkey FOREIGN KEY (tenant_id, ach_file_id) REFERENCES payments.ach_files (tenant_id, id),
  CONSTRAINT funding_attempts_rail_is_known CHECK (rail = 'ach'),
  CONSTRAINT funding_attempts_amount_is_positive CHECK (amount_minor > 0),
  CONSTRAINT funding_attempts_trace_has_fifteen_digits CHECK (trace_number ~ '^[0-9]{15}$'),
  CONSTRAINT funding_attempts_rdfi_has_eight_digits CHECK (rdfi_identification ~ '^[0-9]{8}$')
);
CREATE UNIQUE INDEX funding_attempts_one_under_way ON payments.funding_attempts (tenant_id, funding_request_id) WHERE status = 'sent';
CREATE INDEX funding_attempts_by_trace ON payments.funding_attempts (tenant_id, trace_number);
COMMENT ON TABLE payments.funding_attempts IS 'One try to debit a client for one funding request. It brings money and consumes none: payouts are payments.attempts';
COMMENT ON COLUMN payments.funding_attempts.authorization_id IS 'By what we may debit this account';
COMMENT ON COLUMN payments.funding_attempts.heard_by IS 'By when the bank must have said what became of it, as its profile has it';
SELECT core.isolate('payments.funding_attempts');
GRANT SELECT, INSERT, UPDATE (status) ON payments.funding_attempts TO headgate_app;
GRANT SELECT ON payments.funding_attempts TO headgate_readonly;

CREATE TABLE payments.settlement_deadlines (
  tenant_id uuid NOT NULL,
  attempt_id text COLLATE "C" NOT NULL,
  bank text COLLATE "C" NOT NULL,
  heard_by timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT settlement_deadlines_pkey PRIMARY KEY (tenant_id, attempt_id),
  CONSTRAINT settlement_deadlines_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts (tenant_id, id)
);
CREATE INDEX settlement_deadlines_by_time ON payments.settlement_deadlines (tenant_id, heard_by);
COMMENT ON TABLE payments.settlement_deadlines IS 'By when each payment that left must have been heard of: fixed when it was sent, as its bank''s profile said then';
SELECT core.isolate('payments.settlement_deadlines'), core.append_only('payments.settlement_deadlines');
GRANT SELECT, INSERT ON payments.settlement_deadlines TO headgate_app;
GRANT SELECT ON payments.settlement_deadlines TO headgate_readonly;

CREATE TABLE payments.movements (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  external_trace_id text COLLATE "C" NOT NULL,
  direction text NOT NULL,
  status text NOT NULL,
  amount_minor bigint NOT NULL,
  currency text COLLATE "C" NOT NULL,
  reference text COLLATE "C" NOT NULL,
  individual_id text COLLATE "C" NOT NULL,
  return_code text NOT NULL,
  effective_on date NOT NULL,
  artifact_id text COLLATE "C",
  record_id text COLLATE "C",
  told_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT movements_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT movements_same_evidence_counts_once UNIQUE (tenant_id, provider, external_trace_id),
  CONSTRAINT movements_direction_is_known CHECK (direction IN ('credit', 'debit')),
  CONSTRAINT movements_status_is_known CHECK (status IN ('settled', 'returned', 'rejected')),
  CONSTRAINT movements_amount_is_positive CHECK (amount_minor > 0)
);
CREATE INDEX movements_by_reference ON payments.movements (tenant_id, reference);
CREATE INDEX movements_by_individual ON payments.movements (tenant_id, individual_id);
COMMENT ON TABLE payments.movements IS 'What providers say moved, as they said it first: the same movement counts once, whatever day it is pulled again';
COMMENT ON COLUMN payments.movements.direction IS 'As the receiver''s account sees it: credit is a payment of ours, debit is money that we drew or were paid';
SELECT core.isolate('payments.movements'), core.append_only('payments.movements');

CREATE TABLE payments.movement_effects (
  tenant_id uuid NOT NULL,
  movement_id text COLLATE "C" NOT NULL,
  effect text NOT NULL,
  attempt_id text COLLATE "C",
  funding_attempt_id text COLLATE "C",
  funding_event_id text COLLATE "C",
  deposit_id text COLLATE "C",
  applied_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT movement_effects_pkey PRIMARY KEY (tenant_id, movement_id),
  CONSTRAINT movement_effects_movement_fkey FOREIGN KEY (tenant_id, movement_id) REFERENCES payments.movements (tenant_id, id),
  CONSTRAINT movement_effects_attempt_fkey FOREIGN KEY (tenant_id, attempt_id) REFERENCES payments.attempts (tenant_id, id),
  CONSTRAINT movement_effects_funding_attempt_fkey FOREIGN KEY (tenant_id, funding_attempt_id) REFERENCES payments.funding_attempts (tenant_id, id),
  CONSTRAINT movement_effects_event_fkey FOREIGN KEY (tenant_id, funding_event_id) REFERENCES funding.events (tenant_id, id),
  CONSTRAINT movement_effects_deposit_fkey FOREIGN KEY (tenant_id, deposit_id) REFERENCES funding.deposits (tenant_id, id),
  CONSTRAINT movement_effects_effect_is_known CHECK (effect IN ('settled', 'returned', 'rejected', 'deposited', 'known')),
  CONSTRAINT movement_effects_are_about_something
    CHECK (num_nonnulls(attempt_id, funding_attempt_id, funding_event_id, deposit_id) > 0)
);
COMMENT ON TABLE payments.movement_effects IS 'What a movement came to, once. One without a row waits for what it is about, or for a person, and is judged again at each pull';
COMMENT ON COLUMN payments.movement_effects.effect IS 'known: its fact stood already, by another piece of evidence';
SELECT core.isolate('payments.movement_effects'), core.append_only('payments.movement_effects');

CREATE TABLE payments.pulls (
  tenant_id uuid NOT NULL,
  id text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  pulled_for date NOT NULL,
  has_answered boolean NOT NULL,
  movement_count integer NOT NULL,
  new_count integer NOT NULL,
  why text NOT NULL,
  pulled_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT pulls_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT pulls_silence_brings_nothing CHECK (has_answered OR movement_count = 0),
  CONSTRAINT pulls_new_are_some_of_all CHECK (new_count BETWEEN 0 AND movement_count)
);
CREATE INDEX pulls_of_provider ON payments.pulls (tenant_id, provider, pulled_for, pulled_at DESC);
COMMENT ON TABLE payments.pulls IS 'Each time a provider was asked what moved on a day: what it said, or that it was silent, so that the next run asks again';
SELECT core.isolate('payments.pulls'), core.append_only('payments.pulls');
GRANT SELECT, INSERT ON payments.movements, payments.movement_effects, payments.pulls TO headgate_app;
GRANT SELECT ON payments.movements, payments.movement_effects, payments.pulls TO headgate_readonly;

-- What a provider says over its interface comes without a file.
ALTER TABLE payments.settlement_events ALTER COLUMN artifact_id DROP NOT NULL;
ALTER TABLE payments.return_credits ALTER COLUMN artifact_id DROP NOT NULL;
ALTER TABLE payments.attempts ADD COLUMN individual_id text COLLATE "C" GENERATED ALWAYS AS (upper(right(instruction_id, 15))) STORED;
CREATE INDEX attempts_by_individual_id ON payments.attempts (tenant_id, individual_id);
COMMENT ON COLUMN payments.attempts.individual_id IS 'What stands in the order and comes back unchanged: the end of the payment''s id';
CREATE INDEX attempts_unheard ON payments.attempts (tenant_id, id) WHERE status = 'sent';
CREATE INDEX funding_attempts_unheard ON payments.funding_attempts (tenant_id, heard_by) WHERE status = 'sent';
CREATE INDEX movement_effects_of_debit ON payments.movement_effects (tenant_id, funding_attempt_id) WHERE funding_attempt_id IS NOT NULL;
