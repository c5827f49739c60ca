-- An order is sent once: what names its message is fixed with its claim, and never fixed twice.
CREATE OR REPLACE TRIGGER order_moves BEFORE INSERT OR UPDATE OF status ON payments.orders
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('order', 'payments.transitions');

CREATE OR REPLACE FUNCTION payments.refuse_order_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'HG502',
    MESSAGE = format('order %s is fixed: only what is known of it moves on', OLD.attempt_id);
END $$;
COMMENT ON FUNCTION payments.refuse_order_change() IS 'Row trigger: what an order says, and what names its message once it was claimed, stays as it was';

CREATE OR REPLACE TRIGGER orders_stay BEFORE UPDATE ON payments.orders FOR EACH ROW
  WHEN ((OLD.tenant_id, OLD.attempt_id, OLD.instruction_id, OLD.rail, OLD.bank, OLD.amount_minor, OLD.currency, OLD.order_sealed,
         OLD.effective_on, OLD.recorded_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.attempt_id, NEW.instruction_id, NEW.rail, NEW.bank, NEW.amount_minor, NEW.currency, NEW.order_sealed,
         NEW.effective_on, NEW.recorded_at)
    OR (OLD.created_at IS NOT NULL AND (OLD.created_at, OLD.message_id, OLD.reference)
        IS DISTINCT FROM (NEW.created_at, NEW.message_id, NEW.reference))
    OR (OLD.provider_reference IS NOT NULL AND OLD.provider_reference IS DISTINCT FROM NEW.provider_reference)
    OR (OLD.imad IS NOT NULL AND OLD.imad IS DISTINCT FROM NEW.imad) OR (OLD.omad IS NOT NULL AND OLD.omad IS DISTINCT FROM NEW.omad)
    OR (OLD.recall_at IS NOT NULL AND (OLD.recall_at, OLD.recall_reason) IS DISTINCT FROM (NEW.recall_at, NEW.recall_reason)))
  EXECUTE FUNCTION payments.refuse_order_change();
ALTER TABLE payments.orders ENABLE ALWAYS TRIGGER orders_stay;

CREATE OR REPLACE TRIGGER orders_are_kept BEFORE DELETE OR TRUNCATE ON payments.orders
  FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
ALTER TABLE payments.orders ENABLE ALWAYS TRIGGER orders_are_kept;

DROP VIEW IF EXISTS payments.invariant_orders_agree;
CREATE VIEW payments.invariant_orders_agree WITH (security_invoker = true) AS
SELECT a.id AS subject, format('attempt over %s is %s, its order is %s', a.rail, a.status, coalesce(o.status, 'missing')) AS detail
  FROM payments.attempts a
  LEFT JOIN payments.orders o ON o.tenant_id = a.tenant_id AND o.attempt_id = a.id
 WHERE a.ach_file_id IS NULL
   AND (o.attempt_id IS NULL OR o.rail <> a.rail OR o.amount_minor <> a.amount_minor OR o.instruction_id <> a.instruction_id
        -- A report may tell of the money before the order's own answer comes, and never the other way round.
        OR NOT a.status = ANY (CASE o.status WHEN 'settled' THEN '{settled,returned}'::text[] WHEN 'returned' THEN '{returned}'
                                             WHEN 'rejected' THEN '{rejected}' WHEN 'unheard' THEN '{rejected}'
                                             WHEN 'ready' THEN '{sent}' ELSE '{sent,settled,returned}' END));
COMMENT ON VIEW payments.invariant_orders_agree IS 'Every attempt that is no entry of a file is one order, and both say the same became of it.';
GRANT SELECT ON payments.invariant_orders_agree TO headgate_app, headgate_readonly;
