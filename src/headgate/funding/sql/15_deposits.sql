-- Whose money a deposit is: its payer named itself, or two people found out who paid.

-- The deposit's row is locked by nobody, since it never changes; two who assign it queue at the key of the assignment.
CREATE OR REPLACE FUNCTION funding.require_unknown_payer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM funding.deposits d
              WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.deposit_id AND d.legal_entity_id IS NOT NULL) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG454',
      MESSAGE = format('deposit %s is a client''s already: only money of an unknown payer is assigned', NEW.deposit_id);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION funding.require_unknown_payer() IS 'Row trigger: only a deposit whose payer nobody knows is assigned to a legal entity';

CREATE OR REPLACE TRIGGER assignments_are_of_unknown_payers BEFORE INSERT ON funding.deposit_assignments
  FOR EACH ROW EXECUTE FUNCTION funding.require_unknown_payer();
ALTER TABLE funding.deposit_assignments ENABLE ALWAYS TRIGGER assignments_are_of_unknown_payers;

-- security_invoker: the reader's tenant, and no other's.
CREATE OR REPLACE VIEW funding.owned_deposits WITH (security_invoker = true) AS
SELECT d.tenant_id, d.id, d.source, d.external_id, coalesce(d.legal_entity_id, a.legal_entity_id) AS legal_entity_id, d.reference,
       d.rail, d.amount_minor, d.currency, d.value_on, d.transaction_id, d.record_id, d.settled_at, d.final_at, d.recorded_at,
       a.assigned_at, a.assigned_by, a.approval_id, a.transaction_id AS assignment_transaction_id
  FROM funding.deposits d
  LEFT JOIN funding.deposit_assignments a ON a.tenant_id = d.tenant_id AND a.deposit_id = d.id;
COMMENT ON VIEW funding.owned_deposits IS
  'Deposits with the legal entity whose money each is, as its payer said or as two people assigned it later; without one it lies in SUSPENSE';

GRANT SELECT ON funding.owned_deposits TO headgate_app, headgate_operator, headgate_readonly;
