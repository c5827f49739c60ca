-- A file goes to the bank once, whoever writes: a second try needs proof that the first did not arrive.
CREATE OR REPLACE FUNCTION payments.require_proof_of_absence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_no integer;
  file_status text;
BEGIN
  -- Two who try at once queue here; the second then sees the first one's try.
  SELECT f.status INTO file_status FROM payments.ach_files f
   WHERE f.tenant_id = NEW.tenant_id AND f.id = NEW.ach_file_id FOR NO KEY UPDATE;
  SELECT coalesce(max(t.try_no), 0) INTO last_no FROM payments.delivery_tries t
   WHERE t.tenant_id = NEW.tenant_id AND t.ach_file_id = NEW.ach_file_id;
  IF file_status NOT IN ('pending', 'outcome_unknown') OR EXISTS (
       SELECT FROM payments.delivery_evidence e
        WHERE e.tenant_id = NEW.tenant_id AND e.ach_file_id = NEW.ach_file_id AND e.verdict IN ('delivered', 'rejected')) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG503', MESSAGE = format('file %s is with the bank: it is not handed over again', NEW.ach_file_id);
  END IF;
  IF NEW.try_no <> last_no + 1 OR (last_no > 0 AND NOT EXISTS (
       SELECT FROM payments.delivery_evidence e
        WHERE e.tenant_id = NEW.tenant_id AND e.ach_file_id = NEW.ach_file_id AND e.try_no = last_no AND e.verdict = 'absent')) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG503',
      MESSAGE = format('try %s of file %s is not proved to have failed: it is not handed over again', last_no, NEW.ach_file_id);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION payments.require_proof_of_absence() IS
  'Row trigger: a file is tried again only where its last try is proved absent, and never once the bank has it';

CREATE OR REPLACE TRIGGER a_try_needs_proof BEFORE INSERT ON payments.delivery_tries
  FOR EACH ROW EXECUTE FUNCTION payments.require_proof_of_absence();
ALTER TABLE payments.delivery_tries ENABLE ALWAYS TRIGGER a_try_needs_proof;

DROP VIEW IF EXISTS payments.invariant_files_sent_once;
CREATE VIEW payments.invariant_files_sent_once WITH (security_invoker = true) AS
SELECT t.ach_file_id AS subject, format('try %s was begun, but try %s is not proved absent', t.try_no, t.try_no - 1) AS detail
  FROM payments.delivery_tries t
 WHERE t.try_no > 1
   AND NOT EXISTS (SELECT FROM payments.delivery_evidence e
                    WHERE e.tenant_id = t.tenant_id AND e.ach_file_id = t.ach_file_id AND e.try_no = t.try_no - 1
                      AND e.verdict = 'absent')
UNION ALL
SELECT f.id, 'delivered after a try, but nothing says that it arrived'
  FROM payments.ach_files f
 WHERE f.status = 'delivered'
   AND EXISTS (SELECT FROM payments.delivery_tries t WHERE t.tenant_id = f.tenant_id AND t.ach_file_id = f.id)
   AND NOT EXISTS (SELECT FROM payments.delivery_evidence e
                    WHERE e.tenant_id = f.tenant_id AND e.ach_file_id = f.id AND e.verdict = 'delivered');
COMMENT ON VIEW payments.invariant_files_sent_once IS 'No file is handed over a second time without proof that the first did not arrive, and what is delivered is proved so.';
GRANT SELECT ON payments.invariant_files_sent_once TO headgate_app, headgate_readonly;
