-- What must hold of payments whoever writes: money before sending, facts that stay, legal moves.

-- By key, row by row: without statistics (a fresh table, a plan kept from when it was small) a join would read whole tables.
CREATE OR REPLACE FUNCTION payments.require_consumed_reservation() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  unfunded text;
BEGIN
  SELECT a.id INTO unfunded
    FROM fresh a
   WHERE NOT coalesce(
         (SELECT r.status = 'captured' AND r.captured_minor = a.amount_minor AND r.amount_minor = a.amount_minor
                 AND r.currency = a.currency AND r.source_ref = a.instruction_id
                 AND i.reservation_id = a.reservation_id AND i.amount_minor = a.amount_minor AND i.currency = a.currency
                 AND c.purpose = 'CLIENT_FUNDS' AND c.legal_entity_id = i.legal_entity_id
                 AND EXISTS (SELECT FROM ledger.reservation_events e
                              WHERE e.tenant_id = a.tenant_id AND e.reservation_id = a.reservation_id
                                AND e.transaction_id = a.transaction_id AND e.kind = 'captured'
                                AND e.amount_minor = a.amount_minor)
            FROM payments.instructions i
            JOIN ledger.reservations r ON r.tenant_id = a.tenant_id AND r.id = a.reservation_id
            JOIN ledger.accounts c ON c.tenant_id = a.tenant_id AND c.id = r.account_id
           WHERE i.tenant_id = a.tenant_id AND i.id = a.instruction_id), false)
   LIMIT 1;
  IF unfunded IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG501',
      MESSAGE = format('attempt %s has no consumed reservation of its instruction''s money, equal in amount: nothing leaves unfunded', unfunded);
  END IF;
  -- What the bank may still take back lies in PROVISIONAL_FUNDS. Where less lies there than is provisional, somebody made it
  -- the client's before its time, and the reservation above is of money that is not settled.
  SELECT p.legal_entity_id INTO unfunded
    FROM (SELECT v.legal_entity_id, v.currency, sum(v.held_minor) AS held
            FROM funding.provisional v
           WHERE (v.tenant_id, v.legal_entity_id, v.currency) IN (
                 SELECT DISTINCT a.tenant_id, i.legal_entity_id, a.currency
                   FROM fresh a
                   JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id)
           GROUP BY v.legal_entity_id, v.currency) p
   WHERE p.held > coalesce((SELECT -sum(c.net_minor) FROM ledger.accounts c
                             WHERE c.tenant_id = core.require_tenant() AND c.purpose = 'PROVISIONAL_FUNDS'
                               AND c.legal_entity_id = p.legal_entity_id AND c.currency = p.currency), 0)
   LIMIT 1;
  IF unfunded IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG501',
      MESSAGE = format('provisional money of %s was moved before its hold passed: nothing leaves on it', unfunded);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION payments.require_consumed_reservation() IS
  'Statement trigger: each new attempt has its own reservation of the client''s settled and not provisional money, captured whole for exactly its amount';

CREATE OR REPLACE TRIGGER attempts_are_funded AFTER INSERT ON payments.attempts
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.require_consumed_reservation();
ALTER TABLE payments.attempts ENABLE ALWAYS TRIGGER attempts_are_funded;

CREATE OR REPLACE FUNCTION payments.refuse_fact_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'HG502',
    MESSAGE = format('%s %s is fixed: only its status moves on', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, OLD.id);
END $$;
COMMENT ON FUNCTION payments.refuse_fact_change() IS 'Row trigger: what was fixed before money moved stays as it was';

CREATE OR REPLACE TRIGGER attempts_stay BEFORE UPDATE ON payments.attempts FOR EACH ROW
  WHEN ((OLD.tenant_id, OLD.id, OLD.instruction_id, OLD.attempt_no, OLD.reservation_id, OLD.transaction_id, OLD.amount_minor,
         OLD.currency, OLD.rail, OLD.ach_file_id, OLD.trace_number, OLD.rdfi_identification, OLD.created_at, OLD.recorded_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.id, NEW.instruction_id, NEW.attempt_no, NEW.reservation_id, NEW.transaction_id, NEW.amount_minor,
         NEW.currency, NEW.rail, NEW.ach_file_id, NEW.trace_number, NEW.rdfi_identification, NEW.created_at, NEW.recorded_at))
  EXECUTE FUNCTION payments.refuse_fact_change();
ALTER TABLE payments.attempts ENABLE ALWAYS TRIGGER attempts_stay;

CREATE OR REPLACE TRIGGER ach_files_stay BEFORE UPDATE ON payments.ach_files FOR EACH ROW
  WHEN ((OLD.tenant_id, OLD.id, OLD.legal_entity_id, OLD.name, OLD.bank, OLD.reference, OLD.file_id_modifier, OLD.file_created_on,
         OLD.effective_on, OLD.currency, OLD.content_sealed, OLD.sha256, OLD.byte_count, OLD.entry_count, OLD.credit_minor,
         OLD.debit_minor, OLD.entry_hash, OLD.heard_by, OLD.created_at, OLD.recorded_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.id, NEW.legal_entity_id, NEW.name, NEW.bank, NEW.reference, NEW.file_id_modifier, NEW.file_created_on,
         NEW.effective_on, NEW.currency, NEW.content_sealed, NEW.sha256, NEW.byte_count, NEW.entry_count, NEW.credit_minor,
         NEW.debit_minor, NEW.entry_hash, NEW.heard_by, NEW.created_at, NEW.recorded_at))
  EXECUTE FUNCTION payments.refuse_fact_change();
ALTER TABLE payments.ach_files ENABLE ALWAYS TRIGGER ach_files_stay;

CREATE OR REPLACE TRIGGER instructions_stay BEFORE UPDATE ON payments.instructions FOR EACH ROW
  WHEN ((OLD.tenant_id, OLD.id, OLD.idempotency_key, OLD.payroll_id, OLD.legal_entity_id, OLD.kind, OLD.obligation,
         OLD.amount_minor, OLD.currency, OLD.due_on, OLD.rail, OLD.created_at, OLD.recorded_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.id, NEW.idempotency_key, NEW.payroll_id, NEW.legal_entity_id, NEW.kind, NEW.obligation,
         NEW.amount_minor, NEW.currency, NEW.due_on, NEW.rail, NEW.created_at, NEW.recorded_at))
  EXECUTE FUNCTION payments.refuse_fact_change();
ALTER TABLE payments.instructions ENABLE ALWAYS TRIGGER instructions_stay;

CREATE OR REPLACE TRIGGER payrolls_stay BEFORE UPDATE ON payments.payrolls FOR EACH ROW
  WHEN ((OLD.tenant_id, OLD.id, OLD.legal_entity_id, OLD.external_id, OLD.pay_on, OLD.currency, OLD.digest, OLD.digest_formula,
         OLD.instruction_count, OLD.total_minor, OLD.source_artifact_id, OLD.created_at, OLD.recorded_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.id, NEW.legal_entity_id, NEW.external_id, NEW.pay_on, NEW.currency, NEW.digest, NEW.digest_formula,
         NEW.instruction_count, NEW.total_minor, NEW.source_artifact_id, NEW.created_at, NEW.recorded_at))
  EXECUTE FUNCTION payments.refuse_fact_change();
ALTER TABLE payments.payrolls ENABLE ALWAYS TRIGGER payrolls_stay;

CREATE OR REPLACE TRIGGER attempts_are_kept BEFORE DELETE OR TRUNCATE ON payments.attempts
  FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
CREATE OR REPLACE TRIGGER ach_files_are_kept BEFORE DELETE OR TRUNCATE ON payments.ach_files
  FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
CREATE OR REPLACE TRIGGER instructions_are_kept BEFORE DELETE OR TRUNCATE ON payments.instructions
  FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
CREATE OR REPLACE TRIGGER payrolls_are_kept BEFORE DELETE OR TRUNCATE ON payments.payrolls
  FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
ALTER TABLE payments.attempts ENABLE ALWAYS TRIGGER attempts_are_kept;
ALTER TABLE payments.ach_files ENABLE ALWAYS TRIGGER ach_files_are_kept;
ALTER TABLE payments.instructions ENABLE ALWAYS TRIGGER instructions_are_kept;
ALTER TABLE payments.payrolls ENABLE ALWAYS TRIGGER payrolls_are_kept;

CREATE OR REPLACE TRIGGER payroll_moves BEFORE INSERT OR UPDATE OF status ON payments.payrolls
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('payroll', 'payments.transitions');
-- A payroll's payments move a hundred thousand at a time: they are judged as a set, where a look at each costs ten times as much.
CREATE OR REPLACE FUNCTION payments.check_first_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  illegal text;
BEGIN
  SELECT f.status INTO illegal
    FROM (SELECT DISTINCT a.status FROM fresh a) f
   WHERE NOT EXISTS (SELECT FROM payments.transitions t
                      WHERE t.entity = TG_ARGV[0] AND t.from_status = '' AND t.to_status = f.status)
   LIMIT 1;
  IF illegal IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG003', MESSAGE = format('a %s cannot go from nothing to %s', TG_ARGV[0], illegal);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION payments.check_first_status() IS 'Statement trigger: whatever is new begins in a status that the transitions table lists';

CREATE OR REPLACE FUNCTION payments.check_moves() RETURNS trigger LANGUAGE plpgsql
SET enable_nestloop = off AS $$
DECLARE
  illegal record;
BEGIN
  SELECT m.before, m.after INTO illegal
    FROM (SELECT DISTINCT o.status AS before, n.status AS after
            FROM stale o JOIN fresh n ON n.tenant_id = o.tenant_id AND n.id = o.id
           WHERE n.status IS DISTINCT FROM o.status) m
   WHERE NOT EXISTS (SELECT FROM payments.transitions t
                      WHERE t.entity = TG_ARGV[0] AND t.from_status = m.before AND t.to_status = m.after)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG003',
      MESSAGE = format('a %s cannot go from %s to %s', TG_ARGV[0], illegal.before, illegal.after);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION payments.check_moves() IS 'Statement trigger: a status may only make the moves that the transitions table lists; names stay, so that each row has its former self';

DROP TRIGGER IF EXISTS instruction_moves ON payments.instructions;
DROP TRIGGER IF EXISTS attempt_moves ON payments.attempts;
CREATE OR REPLACE TRIGGER instructions_begin AFTER INSERT ON payments.instructions
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_first_status('instruction');
CREATE OR REPLACE TRIGGER instructions_move AFTER UPDATE ON payments.instructions
  REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_moves('instruction');
CREATE OR REPLACE TRIGGER attempts_begin AFTER INSERT ON payments.attempts
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_first_status('attempt');
CREATE OR REPLACE TRIGGER attempts_move AFTER UPDATE ON payments.attempts
  REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_moves('attempt');
ALTER TABLE payments.instructions ENABLE ALWAYS TRIGGER instructions_begin;
ALTER TABLE payments.instructions ENABLE ALWAYS TRIGGER instructions_move;
ALTER TABLE payments.attempts ENABLE ALWAYS TRIGGER attempts_begin;
ALTER TABLE payments.attempts ENABLE ALWAYS TRIGGER attempts_move;
CREATE OR REPLACE TRIGGER ach_file_moves BEFORE INSERT OR UPDATE OF status ON payments.ach_files
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('ach_file', 'payments.transitions');
