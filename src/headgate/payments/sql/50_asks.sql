-- Requests for money stay as they were made, move as the table of transitions says, and go to the account that the client authorised.
CREATE OR REPLACE TRIGGER funding_asks_stay BEFORE UPDATE ON payments.funding_asks FOR EACH ROW
  WHEN ((OLD.tenant_id, OLD.id, OLD.funding_request_id, OLD.attempt_no, OLD.legal_entity_id, OLD.bank_account_id, OLD.authorization_id,
         OLD.rail, OLD.bank, OLD.amount_minor, OLD.currency, OLD.ask_sealed, OLD.wanted_on, OLD.expires_on, OLD.recorded_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.id, NEW.funding_request_id, NEW.attempt_no, NEW.legal_entity_id, NEW.bank_account_id, NEW.authorization_id,
         NEW.rail, NEW.bank, NEW.amount_minor, NEW.currency, NEW.ask_sealed, NEW.wanted_on, NEW.expires_on, NEW.recorded_at)
    OR (OLD.created_at IS NOT NULL AND (OLD.created_at, OLD.message_id, OLD.reference)
        IS DISTINCT FROM (NEW.created_at, NEW.message_id, NEW.reference))
    OR (OLD.payment_reference IS NOT NULL AND OLD.payment_reference IS DISTINCT FROM NEW.payment_reference))
  EXECUTE FUNCTION payments.refuse_fact_change();
ALTER TABLE payments.funding_asks ENABLE ALWAYS TRIGGER funding_asks_stay;
CREATE OR REPLACE TRIGGER funding_asks_are_kept BEFORE DELETE OR TRUNCATE ON payments.funding_asks
  FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
ALTER TABLE payments.funding_asks ENABLE ALWAYS TRIGGER funding_asks_are_kept;
CREATE OR REPLACE TRIGGER funding_ask_moves BEFORE INSERT OR UPDATE OF status ON payments.funding_asks
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('funding_ask', 'payments.transitions');
ALTER TABLE payments.funding_asks ENABLE ALWAYS TRIGGER funding_ask_moves;

CREATE OR REPLACE FUNCTION payments.require_asked_authorization() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
       SELECT FROM funding.debit_authorizations d
         JOIN funding.requests r ON r.tenant_id = d.tenant_id AND r.legal_entity_id = d.legal_entity_id
        WHERE d.tenant_id = NEW.tenant_id AND d.id = NEW.authorization_id AND d.bank_account_id = NEW.bank_account_id
          AND d.legal_entity_id = NEW.legal_entity_id AND r.id = NEW.funding_request_id AND r.currency = NEW.currency
          AND r.rail = CASE NEW.rail WHEN 'wire' THEN 'drawdown' ELSE NEW.rail || '_rfp' END) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG502',
      MESSAGE = format('request %s is not of an account that the client of %s authorised', NEW.id, NEW.funding_request_id);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION payments.require_asked_authorization() IS 'Row trigger: a client''s bank is asked only for its own request, and for the account that it authorised';
CREATE OR REPLACE TRIGGER funding_asks_are_authorized BEFORE INSERT ON payments.funding_asks
  FOR EACH ROW EXECUTE FUNCTION payments.require_asked_authorization();
ALTER TABLE payments.funding_asks ENABLE ALWAYS TRIGGER funding_asks_are_authorized;
