-- A debit over a provider is sent once: what it says, and what names it once it was claimed, never changes.
CREATE OR REPLACE TRIGGER debit_orders_stay BEFORE UPDATE ON payments.debit_orders FOR EACH ROW
  WHEN ((OLD.tenant_id, OLD.debit_id, OLD.rail, OLD.bank, OLD.amount_minor, OLD.currency, OLD.order_sealed, OLD.effective_on, OLD.recorded_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.debit_id, NEW.rail, NEW.bank, NEW.amount_minor, NEW.currency, NEW.order_sealed, NEW.effective_on, NEW.recorded_at)
    OR (OLD.created_at IS NOT NULL AND (OLD.created_at, OLD.message_id, OLD.reference)
        IS DISTINCT FROM (NEW.created_at, NEW.message_id, NEW.reference))
    OR (OLD.provider_reference IS NOT NULL AND OLD.provider_reference IS DISTINCT FROM NEW.provider_reference))
  EXECUTE FUNCTION payments.refuse_fact_change();
ALTER TABLE payments.debit_orders ENABLE ALWAYS TRIGGER debit_orders_stay;
CREATE OR REPLACE TRIGGER debit_orders_are_kept BEFORE DELETE OR TRUNCATE ON payments.debit_orders
  FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
ALTER TABLE payments.debit_orders ENABLE ALWAYS TRIGGER debit_orders_are_kept;
CREATE OR REPLACE TRIGGER debit_order_moves BEFORE INSERT OR UPDATE OF status ON payments.debit_orders
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('debit_order', 'payments.transitions');
ALTER TABLE payments.debit_orders ENABLE ALWAYS TRIGGER debit_order_moves;

-- The money may be told before the order's own answer (a pull, a report), and waits for its day after it; a refusal is one for both.
DROP VIEW IF EXISTS payments.invariant_debit_orders_agree;
CREATE VIEW payments.invariant_debit_orders_agree WITH (security_invoker = true) AS
SELECT f.id AS subject, format('debit outside a file is %s, its order is %s', f.status, coalesce(o.status, 'missing')) AS detail
  FROM payments.funding_attempts f
  LEFT JOIN payments.debit_orders o ON o.tenant_id = f.tenant_id AND o.debit_id = f.id
 WHERE (f.ach_file_id IS NULL OR o.debit_id IS NOT NULL)
   AND (f.ach_file_id IS NOT NULL OR o.debit_id IS NULL OR o.amount_minor <> f.amount_minor OR o.currency <> f.currency
        OR NOT f.status = ANY (CASE o.status WHEN 'ready' THEN '{sent}'::text[]
                                             WHEN 'rejected' THEN '{rejected}' WHEN 'unheard' THEN '{rejected}'
                                             ELSE '{sent,settled,returned}' END));
COMMENT ON VIEW payments.invariant_debit_orders_agree IS 'Every debit that is no entry of a file is one order of its amount, and both say the same became of it.';
GRANT SELECT ON payments.invariant_debit_orders_agree TO headgate_app, headgate_readonly;
