-- Debits of clients stay as they were sent; and what left or was told is accounted for, or is somebody's case.
CREATE OR REPLACE TRIGGER funding_attempts_stay BEFORE UPDATE ON payments.funding_attempts FOR EACH ROW
  WHEN ((OLD.tenant_id, OLD.id, OLD.funding_request_id, OLD.attempt_no, OLD.legal_entity_id, OLD.bank_account_id, OLD.authorization_id,
         OLD.amount_minor, OLD.currency, OLD.rail, OLD.sec_code, OLD.company_identification, OLD.ach_file_id, OLD.trace_number, OLD.rdfi_identification,
         OLD.individual_id, OLD.heard_by, OLD.created_at, OLD.recorded_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.id, NEW.funding_request_id, NEW.attempt_no, NEW.legal_entity_id, NEW.bank_account_id, NEW.authorization_id,
         NEW.amount_minor, NEW.currency, NEW.rail, NEW.sec_code, NEW.company_identification, NEW.ach_file_id, NEW.trace_number, NEW.rdfi_identification,
         NEW.individual_id, NEW.heard_by, NEW.created_at, NEW.recorded_at))
  EXECUTE FUNCTION payments.refuse_fact_change();
ALTER TABLE payments.funding_attempts ENABLE ALWAYS TRIGGER funding_attempts_stay;
CREATE OR REPLACE TRIGGER funding_attempts_are_kept BEFORE DELETE OR TRUNCATE ON payments.funding_attempts
  FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
ALTER TABLE payments.funding_attempts ENABLE ALWAYS TRIGGER funding_attempts_are_kept;
CREATE OR REPLACE TRIGGER funding_attempt_moves BEFORE INSERT OR UPDATE OF status ON payments.funding_attempts
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('funding_attempt', 'payments.transitions');
ALTER TABLE payments.funding_attempts ENABLE ALWAYS TRIGGER funding_attempt_moves;

-- A debit goes to the account that the client authorised, whoever writes: the authorization names it, and is of the request's client.
CREATE OR REPLACE FUNCTION payments.require_authorization() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
       SELECT FROM funding.debit_authorizations d
         JOIN funding.requests r ON r.tenant_id = d.tenant_id AND r.legal_entity_id = d.legal_entity_id
        WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.authorization_id AND d.bank_account_id = NEW.bank_account_id
          AND d.legal_entity_id = NEW.legal_entity_id AND r.id = NEW.funding_request_id AND r.rail = 'ach_debit'
          AND r.currency = NEW.currency) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG502',
      MESSAGE = format('debit %s is not of an account that the client of %s authorised', NEW.id, NEW.funding_request_id);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION payments.require_authorization() IS 'Row trigger: a client''s account is debited only for its own request and by its own authorization';
CREATE OR REPLACE TRIGGER funding_attempts_are_authorized BEFORE INSERT ON payments.funding_attempts
  FOR EACH ROW EXECUTE FUNCTION payments.require_authorization();
ALTER TABLE payments.funding_attempts ENABLE ALWAYS TRIGGER funding_attempts_are_authorized;

-- Two weeks stand in where nobody wrote down by when a payment must be heard of: it was sent before deadlines were kept.
-- What the bank refused whole, or what two people ended, waits for no bank.
CREATE OR REPLACE VIEW payments.unheard WITH (security_invoker = true) AS
SELECT o.tenant_id, o.order_id, o.subject_id, o.payment_id, o.amount_minor, o.currency, o.ach_file_id, o.heard_by,
       EXISTS (SELECT FROM cases.exception_cases c
                WHERE c.tenant_id = o.tenant_id AND c.key = 'settlement_missing:' || o.order_id) AS has_case,
       EXISTS (SELECT FROM cases.exception_cases c
                WHERE c.tenant_id = o.tenant_id AND c.key = 'settlement_missing:' || o.order_id
                  AND (c.state IN ('open', 'pending') OR c.approval_id IS NOT NULL)) AS is_a_case
  FROM (SELECT a.tenant_id, a.id AS order_id, a.instruction_id AS subject_id, a.instruction_id AS payment_id, a.amount_minor, a.currency,
               a.ach_file_id, coalesce(d.heard_by, w.heard_by, a.created_at + interval '14 days') AS heard_by
          FROM payments.attempts a
          LEFT JOIN payments.ach_files w ON w.tenant_id = a.tenant_id AND w.id = a.ach_file_id
          LEFT JOIN payments.settlement_deadlines d ON d.tenant_id = a.tenant_id AND d.attempt_id = a.id
         WHERE a.status = 'sent'
           AND NOT EXISTS (SELECT FROM payments.settlement_events e WHERE e.tenant_id = a.tenant_id AND e.attempt_id = a.id)
         UNION ALL
        SELECT f.tenant_id, f.id, f.funding_request_id, NULL::text AS payment_id, f.amount_minor, f.currency, f.ach_file_id, f.heard_by
          FROM payments.funding_attempts f
         WHERE f.status = 'sent') o
 WHERE NOT EXISTS (SELECT FROM payments.ach_files x
                    WHERE x.tenant_id = o.tenant_id AND x.id = o.ach_file_id AND x.status = 'rejected');
COMMENT ON VIEW payments.unheard IS 'Payments and debits that left and of which no bank has said anything; has_case: one was opened, is_a_case: it stands';
GRANT SELECT ON payments.unheard TO headgate_app, headgate_readonly;

-- The job that opens the cases runs every hour; a day is left to it.
DROP VIEW IF EXISTS payments.invariant_settlements_heard;
CREATE VIEW payments.invariant_settlements_heard WITH (security_invoker = true) AS
SELECT u.order_id AS subject, format('left over %s minor units %s, was to be heard of by %s, and has neither a settlement event nor an open case',
                                     u.amount_minor, u.currency, u.heard_by) AS detail
  FROM payments.unheard u
 WHERE u.heard_by < (SELECT tenants.now()) - interval '1 day' AND NOT u.is_a_case;
COMMENT ON VIEW payments.invariant_settlements_heard IS 'Every outbound posting older than its rail''s window has its settlement event, or an open case.';

DROP VIEW IF EXISTS payments.invariant_movements_accounted;
CREATE VIEW payments.invariant_movements_accounted WITH (security_invoker = true) AS
SELECT m.id AS subject, format('%s %s of %s minor units from %s moved nothing and is nobody''s case', m.direction, m.status, m.amount_minor, m.provider) AS detail
  FROM payments.movements m
 WHERE NOT EXISTS (SELECT FROM payments.movement_effects e WHERE e.tenant_id = m.tenant_id AND e.movement_id = m.id)
   AND NOT EXISTS (SELECT FROM cases.exception_cases c WHERE c.tenant_id = m.tenant_id AND c.key = 'movement:' || m.id)
   -- It is written down before anything follows from it: a pull that is cut off in between goes on with the next.
   AND m.recorded_at < clock_timestamp() - interval '2 days';
COMMENT ON VIEW payments.invariant_movements_accounted IS 'Nothing that a provider said is dropped: each movement came to something, or is a case.';

DROP VIEW IF EXISTS payments.invariant_debits_agree;
CREATE VIEW payments.invariant_debits_agree WITH (security_invoker = true) AS
SELECT f.id AS subject, format('debit is %s, its funding events say %s', f.status, w.expected) AS detail
  FROM payments.funding_attempts f
 CROSS JOIN LATERAL (
       SELECT bool_or(e.kind = 'returned') AS is_returned, count(*) FILTER (WHERE e.kind <> 'returned') AS settled,
              sum(e.amount_minor) FILTER (WHERE e.kind <> 'returned') AS amount
         FROM payments.movement_effects x
         JOIN funding.events e ON e.tenant_id = x.tenant_id AND e.id = x.funding_event_id
        WHERE x.tenant_id = f.tenant_id AND x.funding_attempt_id = f.id AND x.effect IN ('settled', 'returned')) m
 CROSS JOIN LATERAL (
       SELECT CASE WHEN m.is_returned THEN 'returned' WHEN m.settled > 0 THEN 'settled'
                   WHEN f.status = 'rejected' THEN f.status ELSE 'sent' END AS expected) w
 WHERE f.status <> w.expected OR m.settled > 1 OR m.amount <> f.amount_minor;
COMMENT ON VIEW payments.invariant_debits_agree IS 'What a debit says of itself agrees with the money that came of it, to the cent and once.';

GRANT SELECT ON payments.invariant_settlements_heard, payments.invariant_movements_accounted, payments.invariant_debits_agree
  TO headgate_app, headgate_readonly;
