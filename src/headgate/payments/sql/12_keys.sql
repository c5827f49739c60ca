-- The keys of the hot tables, a statement at a time: a payroll's hundred thousand rows name one payroll, one judgement and one
-- file, and a foreign key would ask for them a hundred thousand times. What they name is kept for ever (nothing deletes it) and its
-- id never changes; invariant_keys proves it.
CREATE OR REPLACE FUNCTION payments.check_instruction_keys() RETURNS trigger LANGUAGE plpgsql
-- By key, row by row: without statistics (a fresh table, a plan kept from when it was small) a join would read whole tables.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  missing record;
BEGIN
  SELECT x.name, x.id INTO missing
    FROM (SELECT 'payroll' AS name, f.payroll_id AS id
            FROM (SELECT DISTINCT f.tenant_id, f.payroll_id FROM fresh f) f
           WHERE NOT EXISTS (SELECT FROM payments.payrolls p WHERE p.tenant_id = f.tenant_id AND p.id = f.payroll_id)
           UNION ALL
          SELECT 'evaluation', f.evaluation_id
            FROM (SELECT DISTINCT f.tenant_id, f.evaluation_id FROM fresh f) f
           WHERE NOT EXISTS (SELECT FROM funding.gate_evaluations g WHERE g.tenant_id = f.tenant_id AND g.id = f.evaluation_id)
           UNION ALL
          SELECT 'bank account', f.bank_account_id
            FROM fresh f
           WHERE TG_OP = 'INSERT' AND f.bank_account_id IS NOT NULL
             AND NOT EXISTS (SELECT FROM parties.bank_accounts b
                              WHERE b.tenant_id = f.tenant_id AND b.id = f.bank_account_id AND b.party_id = f.payee_id)
           UNION ALL
          SELECT 'payee', f.payee_id
            FROM fresh f
           WHERE TG_OP = 'INSERT' AND f.bank_account_id IS NULL AND f.payee_id IS NOT NULL
             AND NOT EXISTS (SELECT FROM parties.parties p WHERE p.tenant_id = f.tenant_id AND p.id = f.payee_id)) x
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', SCHEMA = 'payments', TABLE = 'instructions',
      MESSAGE = format('an instruction names the %s %s, which there is not (an account must be its payee''s)', missing.name, missing.id);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION payments.check_instruction_keys() IS 'Statement trigger: payroll, judgement, payee and the payee''s bank account that instructions name are there';

CREATE OR REPLACE TRIGGER instructions_have_their_keys AFTER INSERT ON payments.instructions
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_instruction_keys();
ALTER TABLE payments.instructions ENABLE ALWAYS TRIGGER instructions_have_their_keys;
CREATE OR REPLACE TRIGGER instructions_keep_their_keys AFTER UPDATE ON payments.instructions
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_instruction_keys();
ALTER TABLE payments.instructions ENABLE ALWAYS TRIGGER instructions_keep_their_keys;

CREATE OR REPLACE FUNCTION payments.check_instruction_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM parties.parties p
                   LEFT JOIN parties.bank_accounts b ON b.tenant_id = p.tenant_id AND b.party_id = p.id AND b.id = NEW.bank_account_id
                  WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.payee_id AND (NEW.bank_account_id IS NULL OR b.id IS NOT NULL)) THEN
    RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', SCHEMA = 'payments', TABLE = 'instructions',
      MESSAGE = format('%s is no bank account of payee %s', NEW.bank_account_id, NEW.payee_id);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION payments.check_instruction_account() IS 'Row trigger: another account, or another payee, is there and belongs together';
CREATE OR REPLACE TRIGGER instructions_go_to_their_payee BEFORE UPDATE ON payments.instructions FOR EACH ROW
  WHEN ((NEW.payee_id, NEW.bank_account_id) IS DISTINCT FROM (OLD.payee_id, OLD.bank_account_id))
  EXECUTE FUNCTION payments.check_instruction_account();
ALTER TABLE payments.instructions ENABLE ALWAYS TRIGGER instructions_go_to_their_payee;

-- Its instruction and its reservation an attempt cannot lack: attempts_are_funded looks at both.
CREATE OR REPLACE FUNCTION payments.check_attempt_files() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  missing text;
BEGIN
  SELECT f.ach_file_id INTO missing
    FROM (SELECT DISTINCT f.tenant_id, f.ach_file_id FROM fresh f WHERE f.ach_file_id IS NOT NULL) f
   WHERE NOT EXISTS (SELECT FROM payments.ach_files x WHERE x.tenant_id = f.tenant_id AND x.id = f.ach_file_id)
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', SCHEMA = 'payments', TABLE = 'attempts',
      MESSAGE = format('an attempt names the file %s, which there is not', missing);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION payments.check_attempt_files() IS 'Statement trigger: the file that attempts stand in is there';
CREATE OR REPLACE TRIGGER attempts_stand_in_a_file AFTER INSERT ON payments.attempts
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION payments.check_attempt_files();
ALTER TABLE payments.attempts ENABLE ALWAYS TRIGGER attempts_stand_in_a_file;

DROP VIEW IF EXISTS payments.invariant_keys;
CREATE VIEW payments.invariant_keys WITH (security_invoker = true) AS
SELECT i.id AS subject, format('instruction names payroll %s, judgement %s, payee %s, account %s, of which not all are there',
                               i.payroll_id, i.evaluation_id, i.payee_id, i.bank_account_id) AS detail
  FROM payments.instructions i
  LEFT JOIN payments.payrolls p ON p.tenant_id = i.tenant_id AND p.id = i.payroll_id
  LEFT JOIN funding.gate_evaluations g ON g.tenant_id = i.tenant_id AND g.id = i.evaluation_id
  LEFT JOIN parties.parties y ON y.tenant_id = i.tenant_id AND y.id = i.payee_id
  LEFT JOIN parties.bank_accounts b ON b.tenant_id = i.tenant_id AND b.id = i.bank_account_id
 WHERE p.id IS NULL OR g.id IS NULL OR (i.payee_id IS NOT NULL AND y.id IS NULL)
    OR (i.bank_account_id IS NOT NULL AND b.party_id IS DISTINCT FROM i.payee_id)
UNION ALL
SELECT a.id, format('attempt names instruction %s and file %s, of which not both are there', a.instruction_id, a.ach_file_id)
  FROM payments.attempts a
  LEFT JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id
  LEFT JOIN payments.ach_files f ON f.tenant_id = a.tenant_id AND f.id = a.ach_file_id
 WHERE i.id IS NULL OR (a.ach_file_id IS NOT NULL AND f.id IS NULL);
COMMENT ON VIEW payments.invariant_keys IS 'What instructions and attempts name is there: the keys that their tables are too hot to hold row by row.';
GRANT SELECT ON payments.invariant_keys TO headgate_app, headgate_readonly;
