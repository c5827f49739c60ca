-- What must hold of returns, disputes and retries whoever writes: a step follows its step, and nothing is paid twice.

CREATE OR REPLACE FUNCTION payments.require_failed_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  failed payments.attempts;
BEGIN
  SELECT * INTO failed FROM payments.attempts a WHERE a.tenant_id = NEW.tenant_id AND a.id = NEW.attempt_id FOR NO KEY UPDATE;
  IF failed.status NOT IN ('returned', 'rejected') OR failed.instruction_id <> NEW.instruction_id OR EXISTS (
       SELECT FROM payments.attempts t
        WHERE t.tenant_id = NEW.tenant_id AND t.instruction_id = NEW.instruction_id AND t.attempt_no > failed.attempt_no) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG504',
      MESSAGE = format('attempt %s is %s, or not the last of its payment: only what came back or was refused is paid again',
                       NEW.attempt_id, failed.status);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION payments.require_failed_attempt() IS 'Row trigger: a retry is of a payment''s last attempt, which came back or was refused';

CREATE OR REPLACE TRIGGER a_retry_needs_a_failure BEFORE INSERT ON payments.retries
  FOR EACH ROW EXECUTE FUNCTION payments.require_failed_attempt();
ALTER TABLE payments.retries ENABLE ALWAYS TRIGGER a_retry_needs_a_failure;

CREATE OR REPLACE FUNCTION payments.require_retry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
       SELECT FROM payments.retries r
         JOIN payments.attempts a ON a.tenant_id = r.tenant_id AND a.id = r.attempt_id
        WHERE r.tenant_id = NEW.tenant_id AND r.instruction_id = NEW.id
          AND a.attempt_no = (SELECT max(t.attempt_no) FROM payments.attempts t
                               WHERE t.tenant_id = NEW.tenant_id AND t.instruction_id = NEW.id)) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG504', MESSAGE = format('payment %s was sent: it is paid again by a retry that says why', NEW.id);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION payments.require_retry() IS 'Row trigger: a payment that came back or was refused waits for money again only by a retry';

CREATE OR REPLACE TRIGGER paying_again_is_said BEFORE UPDATE OF status ON payments.instructions FOR EACH ROW
  WHEN (OLD.status IN ('returned', 'rejected') AND NEW.status = 'awaiting_funding') EXECUTE FUNCTION payments.require_retry();
ALTER TABLE payments.instructions ENABLE ALWAYS TRIGGER paying_again_is_said;

CREATE OR REPLACE FUNCTION payments.require_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  of payments.returns;
  entity text;
BEGIN
  SELECT * INTO of FROM payments.returns r WHERE r.tenant_id = NEW.tenant_id AND r.id = NEW.return_id;
  SELECT i.legal_entity_id INTO entity FROM payments.instructions i WHERE i.tenant_id = NEW.tenant_id AND i.id = of.instruction_id;
  IF of.amount_minor <> NEW.amount_minor OR of.currency <> NEW.currency THEN
    RAISE EXCEPTION USING ERRCODE = 'HG505', MESSAGE = format('return %s is of another amount than its dispute', of.id);
  END IF;
  IF NEW.kind = 'dishonored' THEN
    IF EXISTS (SELECT FROM payments.retries t WHERE t.tenant_id = NEW.tenant_id AND t.attempt_id = of.attempt_id)
       AND of.standing = 'counted' THEN
      RAISE EXCEPTION USING ERRCODE = 'HG505', MESSAGE = format('return %s was paid anew: dishonoring it would pay twice', of.id);
    END IF;
    IF of.standing = 'counted' AND NOT coalesce(
         (SELECT r.status = 'captured' AND r.captured_minor = NEW.amount_minor AND r.amount_minor = NEW.amount_minor
                 AND r.currency = NEW.currency AND r.source_ref = of.id AND c.purpose = 'CLIENT_FUNDS'
                 AND c.legal_entity_id = entity
                 AND EXISTS (SELECT FROM ledger.reservation_events e
                              WHERE e.tenant_id = NEW.tenant_id AND e.reservation_id = NEW.reservation_id
                                AND e.transaction_id = NEW.transaction_id AND e.kind = 'captured'
                                AND e.amount_minor = NEW.amount_minor)
            FROM ledger.reservations r
            JOIN ledger.accounts c ON c.tenant_id = r.tenant_id AND c.id = r.account_id
           WHERE r.tenant_id = NEW.tenant_id AND r.id = NEW.reservation_id), false) THEN
      RAISE EXCEPTION USING ERRCODE = 'HG501',
        MESSAGE = format('dishonoring return %s has no consumed reservation of the client''s money, equal in amount: nothing leaves unfunded', of.id);
    END IF;
  ELSIF NOT EXISTS (SELECT FROM payments.return_disputes d
                     WHERE d.tenant_id = NEW.tenant_id AND d.return_id = of.id AND d.kind = 'dishonored') THEN
    RAISE EXCEPTION USING ERRCODE = 'HG505', MESSAGE = format('return %s was not dishonored: nothing of it is contested', of.id);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION payments.require_dispute() IS
  'Row trigger: a dishonored return that had given the client its money takes it from a consumed reservation, never after the payment was paid anew; only what was dishonored is contested';

CREATE OR REPLACE TRIGGER disputes_follow BEFORE INSERT ON payments.return_disputes
  FOR EACH ROW EXECUTE FUNCTION payments.require_dispute();
ALTER TABLE payments.return_disputes ENABLE ALWAYS TRIGGER disputes_follow;

DROP VIEW IF EXISTS payments.invariant_returns_moved_their_money;
CREATE VIEW payments.invariant_returns_moved_their_money WITH (security_invoker = true) AS
SELECT m.subject, format('%s of %s minor units has no posting of it between client funds and settlement clearing', m.what, m.amount_minor) AS detail
  FROM (SELECT r.tenant_id, r.id AS subject, 'a counted return' AS what, r.amount_minor, r.currency, r.transaction_id, false AS is_out
          FROM payments.returns r
         WHERE r.standing = 'counted'
         UNION ALL
        SELECT d.tenant_id, d.id, d.kind || ' return', d.amount_minor, d.currency, d.transaction_id, d.kind = 'dishonored'
          FROM payments.return_disputes d
          JOIN payments.returns r ON r.tenant_id = d.tenant_id AND r.id = d.return_id
         WHERE d.transaction_id IS NOT NULL OR (r.standing = 'counted' AND d.kind = 'dishonored')) m
 WHERE NOT EXISTS (
       SELECT FROM ledger.entries x
         JOIN ledger.accounts d ON d.tenant_id = x.tenant_id AND d.id = x.debit_account_id
         JOIN ledger.accounts c ON c.tenant_id = x.tenant_id AND c.id = x.credit_account_id
        WHERE x.tenant_id = m.tenant_id AND x.transaction_id = m.transaction_id AND x.amount_minor = m.amount_minor
          AND x.currency = m.currency
          AND (d.purpose, c.purpose) = (CASE WHEN m.is_out THEN 'CLIENT_FUNDS' ELSE 'SETTLEMENT_CLEARING' END,
                                        CASE WHEN m.is_out THEN 'SETTLEMENT_CLEARING' ELSE 'CLIENT_FUNDS' END));
COMMENT ON VIEW payments.invariant_returns_moved_their_money IS 'Each return that counts, and each dispute of one, has its posting, to the cent.';

DROP VIEW IF EXISTS payments.invariant_paid_once;
CREATE VIEW payments.invariant_paid_once WITH (security_invoker = true) AS
SELECT a.instruction_id AS subject, format('%s of its attempts have left and neither came back for good nor were refused', count(*)) AS detail
  FROM payments.attempts a
 WHERE NOT EXISTS (SELECT FROM payments.standing_returns s WHERE s.tenant_id = a.tenant_id AND s.attempt_id = a.id)
   AND NOT EXISTS (SELECT FROM payments.settlement_events e
                    WHERE e.tenant_id = a.tenant_id AND e.attempt_id = a.id AND e.status = 'rejected')
   AND NOT EXISTS (SELECT FROM payments.orders o WHERE o.tenant_id = a.tenant_id AND o.attempt_id = a.id AND o.status = 'unheard')
 GROUP BY a.tenant_id, a.instruction_id
HAVING count(*) > 1;
COMMENT ON VIEW payments.invariant_paid_once IS 'Of a payment''s attempts one at most is on its way or settled: the others came back, were refused, or never heard of.';

DROP VIEW IF EXISTS payments.invariant_retries_follow_failures;
CREATE VIEW payments.invariant_retries_follow_failures WITH (security_invoker = true) AS
SELECT a.id AS subject, format('attempt %s of its payment follows one that no retry answers', a.attempt_no) AS detail
  FROM payments.attempts a
  JOIN payments.attempts b ON b.tenant_id = a.tenant_id AND b.instruction_id = a.instruction_id AND b.attempt_no = a.attempt_no - 1
 WHERE NOT EXISTS (SELECT FROM payments.retries r WHERE r.tenant_id = b.tenant_id AND r.attempt_id = b.id)
   AND NOT EXISTS (SELECT FROM payments.orders o WHERE o.tenant_id = b.tenant_id AND o.attempt_id = b.id AND o.status = 'unheard');
COMMENT ON VIEW payments.invariant_retries_follow_failures IS 'Each further attempt of a payment answers a retry of the one before, or follows one that the network never heard of.';

GRANT SELECT ON payments.invariant_returns_moved_their_money, payments.invariant_paid_once,
  payments.invariant_retries_follow_failures TO headgate_app, headgate_readonly;
