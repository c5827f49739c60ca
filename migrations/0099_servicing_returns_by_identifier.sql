-- What sources tell of a loan's payment that came back names the original by what the network calls it, not only by a
-- provider's transfer; and where it does not say enough, a person decides.
ALTER TABLE servicing.returns
  ADD COLUMN amount_minor bigint,
  ADD COLUMN currency text COLLATE "C",
  ADD COLUMN asks text,
  ADD COLUMN artifact_id text COLLATE "C",
  ADD COLUMN record_id text COLLATE "C",
  ADD CONSTRAINT returns_amount_is_whole CHECK ((amount_minor IS NULL) = (currency IS NULL) AND amount_minor > 0),
  ADD CONSTRAINT returns_asks_with_a_reason CHECK (asks IS NULL OR (asks IN ('unknown_code', 'disputed') AND action = 'ask'));
CREATE INDEX returns_of_record ON servicing.returns (tenant_id, record_id) WHERE record_id IS NOT NULL;

CREATE TABLE servicing.return_identifiers (
  tenant_id uuid NOT NULL,
  identifier text COLLATE "C" NOT NULL,
  return_id text COLLATE "C" NOT NULL,
  CONSTRAINT return_identifiers_pkey PRIMARY KEY (tenant_id, identifier, return_id),
  CONSTRAINT return_identifiers_return_fkey FOREIGN KEY (tenant_id, return_id) REFERENCES servicing.returns (tenant_id, id)
);
COMMENT ON TABLE servicing.return_identifiers IS 'What a return calls its original, as ingestion.payment_identifiers writes it: a payment that comes later finds it here';
CREATE INDEX return_identifiers_of_return ON servicing.return_identifiers (tenant_id, return_id);
SELECT core.isolate('servicing.return_identifiers'), core.append_only('servicing.return_identifiers');
GRANT SELECT, INSERT ON servicing.return_identifiers TO headgate_app;
GRANT SELECT ON servicing.return_identifiers TO headgate_readonly;

-- From a payment to its names: a return that waits under one of them.
CREATE INDEX payment_identifiers_of_ingestion ON ingestion.payment_identifiers (tenant_id, ingestion_id);
