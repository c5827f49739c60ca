-- What must hold of funding whoever writes: an intent stays, moves are legal, and nothing is final before its time.

CREATE OR REPLACE TRIGGER request_moves BEFORE INSERT OR UPDATE OF status ON funding.requests
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('request', 'funding.transitions');
ALTER TABLE funding.requests ENABLE ALWAYS TRIGGER request_moves;

CREATE OR REPLACE FUNCTION funding.refuse_intent_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'HG451',
    MESSAGE = format('funding request %s is fixed: its status moves on, and what is asked of the client now', OLD.id);
END $$;
COMMENT ON FUNCTION funding.refuse_intent_change() IS 'Row trigger: what a funding request was made for stays as it was';

CREATE OR REPLACE TRIGGER requests_stay BEFORE UPDATE ON funding.requests FOR EACH ROW
  WHEN ((OLD.tenant_id, OLD.id, OLD.idempotency_key, OLD.legal_entity_id, OLD.subject, OLD.rail, OLD.profile, OLD.amount_minor,
         OLD.currency, OLD.due_on, OLD.created_at, OLD.recorded_at)
        IS DISTINCT FROM
        (NEW.tenant_id, NEW.id, NEW.idempotency_key, NEW.legal_entity_id, NEW.subject, NEW.rail, NEW.profile, NEW.amount_minor,
         NEW.currency, NEW.due_on, NEW.created_at, NEW.recorded_at))
  EXECUTE FUNCTION funding.refuse_intent_change();
ALTER TABLE funding.requests ENABLE ALWAYS TRIGGER requests_stay;
CREATE OR REPLACE TRIGGER requests_are_kept BEFORE DELETE OR TRUNCATE ON funding.requests
  FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
ALTER TABLE funding.requests ENABLE ALWAYS TRIGGER requests_are_kept;

-- The request's row is locked by whoever settles, finalises or returns, so the two looks below see what is committed.
CREATE OR REPLACE FUNCTION funding.require_final() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  event funding.events;
BEGIN
  SELECT * INTO event FROM funding.events e WHERE e.tenant_id = NEW.tenant_id AND e.id = NEW.event_id;
  PERFORM FROM funding.requests r WHERE r.tenant_id = NEW.tenant_id AND r.id = event.funding_request_id FOR NO KEY UPDATE;
  IF event.kind = 'returned' OR event.return_deadline_at IS NULL OR event.final_at > tenants.now()
     OR EXISTS (SELECT FROM funding.events x WHERE x.tenant_id = NEW.tenant_id AND x.of_event_id = NEW.event_id) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG452',
      MESSAGE = format('funding event %s is not final: its hold runs until %s, or it was returned', NEW.event_id, event.final_at);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION funding.require_final() IS 'Row trigger: only money whose hold has passed on the tenant''s clock, and that was not returned, becomes final';

CREATE OR REPLACE TRIGGER finalisations_are_due BEFORE INSERT ON funding.finalisations
  FOR EACH ROW EXECUTE FUNCTION funding.require_final();
ALTER TABLE funding.finalisations ENABLE ALWAYS TRIGGER finalisations_are_due;

-- security_invoker: the reader's tenant, and no other's. `held_minor` is what settled and is neither final nor returned.
CREATE OR REPLACE VIEW funding.provisional WITH (security_invoker = true) AS
SELECT e.tenant_id, e.id AS event_id, e.funding_request_id, e.legal_entity_id, e.currency, e.amount_minor AS held_minor, e.settled_at,
       e.return_deadline_at, e.final_at
  FROM funding.events e
 WHERE e.return_deadline_at IS NOT NULL
   AND NOT EXISTS (SELECT FROM funding.finalisations f WHERE f.tenant_id = e.tenant_id AND f.event_id = e.id)
   AND NOT EXISTS (SELECT FROM funding.events x WHERE x.tenant_id = e.tenant_id AND x.of_event_id = e.id);
COMMENT ON VIEW funding.provisional IS 'Money that settled and that the bank may still take back: it counts for nothing yet';

CREATE OR REPLACE VIEW funding.receivables WITH (security_invoker = true) AS
SELECT e.tenant_id, e.id AS event_id, e.funding_request_id, e.legal_entity_id, e.currency, e.return_code,
       (e.receivable_minor - coalesce((SELECT sum(r.amount_minor) FROM funding.recoveries r
                                        WHERE r.tenant_id = e.tenant_id AND r.return_event_id = e.id), 0))::bigint AS owed_minor,
       e.recorded_at AS since
  FROM funding.events e
 WHERE e.receivable_minor > 0;
COMMENT ON VIEW funding.receivables IS 'What clients owe because funding came back after it was paid out; owed_minor 0 once it is recovered';

GRANT SELECT ON funding.provisional, funding.receivables TO headgate_app, headgate_readonly;
