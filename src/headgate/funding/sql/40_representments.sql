-- A debit is presented again as it was presented first, and not before the one before came back, whoever writes.
CREATE OR REPLACE FUNCTION funding.require_same_debit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Two who present the same debit again queue here.
  PERFORM pg_advisory_xact_lock(hashtextextended('funding.representments:' || NEW.tenant_id || ':' || NEW.original_ref, 0));
  IF NEW.representment_no <> 1 + (SELECT count(*) FROM funding.representments r
                                   WHERE r.tenant_id = NEW.tenant_id AND r.original_ref = NEW.original_ref)
     OR EXISTS (SELECT FROM funding.representments r
                 WHERE r.tenant_id = NEW.tenant_id AND r.original_ref = NEW.original_ref
                   AND ((r.amount_minor, r.currency, r.company_identification, r.receiver_fingerprint, r.original_settled_on)
                        IS DISTINCT FROM
                        (NEW.amount_minor, NEW.currency, NEW.company_identification, NEW.receiver_fingerprint, NEW.original_settled_on)
                        OR r.effective_on >= NEW.effective_on))
     OR EXISTS (SELECT FROM funding.representments r
                 WHERE r.tenant_id = NEW.tenant_id AND r.representment_ref = NEW.original_ref) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG453',
      MESSAGE = format('%s is not presented again so: at most twice, in order, with the same amount, company and receiver, and counted from the first', NEW.original_ref);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION funding.require_same_debit() IS
  'Row trigger: representments of a debit are counted without a gap from the first one, which they equal in amount, company and receiver';

CREATE OR REPLACE TRIGGER representments_are_the_same BEFORE INSERT ON funding.representments
  FOR EACH ROW EXECUTE FUNCTION funding.require_same_debit();
ALTER TABLE funding.representments ENABLE ALWAYS TRIGGER representments_are_the_same;
