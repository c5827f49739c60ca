-- A debit whose request's debit before came back goes out only as a counted representment, whoever writes.
CREATE OR REPLACE FUNCTION payments.require_representment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM payments.funding_attempts f
              WHERE f.tenant_id = NEW.tenant_id AND f.funding_request_id = NEW.funding_request_id AND f.status = 'returned')
     AND NOT EXISTS (SELECT FROM funding.representments r
                      WHERE r.tenant_id = NEW.tenant_id AND r.representment_ref = NEW.id AND r.amount_minor = NEW.amount_minor
                        AND r.currency = NEW.currency) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG453',
      MESSAGE = format('a debit for %s came back: another goes out only as a representment, at most twice', NEW.funding_request_id);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION payments.require_representment() IS 'Row trigger: after a return a request is debited again only as a representment that is counted and equal in amount';

CREATE OR REPLACE TRIGGER funding_attempts_are_counted BEFORE INSERT ON payments.funding_attempts
  FOR EACH ROW EXECUTE FUNCTION payments.require_representment();
ALTER TABLE payments.funding_attempts ENABLE ALWAYS TRIGGER funding_attempts_are_counted;
