-- Money of an unknown payer becomes a client's: who says so, why, and that another person agreed.
CREATE TABLE funding.deposit_assignments (
  tenant_id uuid NOT NULL,
  deposit_id text COLLATE "C" NOT NULL,
  legal_entity_id text COLLATE "C" NOT NULL,
  reason text NOT NULL,
  approval_id text COLLATE "C" NOT NULL,
  transaction_id bigint NOT NULL,
  assigned_by text NOT NULL DEFAULT core.actor_id(),
  assigned_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT deposit_assignments_pkey PRIMARY KEY (tenant_id, deposit_id),
  CONSTRAINT deposit_assignments_deposit_fkey FOREIGN KEY (tenant_id, deposit_id) REFERENCES funding.deposits (tenant_id, id),
  CONSTRAINT deposit_assignments_legal_entity_fkey FOREIGN KEY (tenant_id, legal_entity_id) REFERENCES tenants.legal_entities (tenant_id, id),
  CONSTRAINT deposit_assignments_were_approved FOREIGN KEY (tenant_id, approval_id) REFERENCES cases.approval_uses (tenant_id, approval_id),
  CONSTRAINT deposit_assignments_one_an_approval UNIQUE (tenant_id, approval_id),
  CONSTRAINT deposit_assignments_one_transaction_each UNIQUE (tenant_id, transaction_id),
  CONSTRAINT deposit_assignments_say_why CHECK (btrim(reason) <> '')
);
CREATE INDEX deposit_assignments_of_legal_entity ON funding.deposit_assignments (tenant_id, legal_entity_id, deposit_id);
COMMENT ON TABLE funding.deposit_assignments IS 'Deposits of unknown payers that two people gave to a legal entity: from then on the money is that client''s, and has left SUSPENSE';
SELECT core.isolate('funding.deposit_assignments'), core.append_only('funding.deposit_assignments');

GRANT SELECT ON funding.deposit_assignments TO headgate_app, headgate_operator, headgate_readonly;
GRANT INSERT ON funding.deposit_assignments TO headgate_app;
