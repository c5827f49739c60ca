-- The one choke point of four eyes, whoever writes: the voter is the person in context, never one named by the caller.
CREATE OR REPLACE FUNCTION cases.check_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.maker_type := core.actor_type();
  NEW.maker_id := core.actor_id();
  NEW.maker_person := core.person_id();
  NEW.requested_at := clock_timestamp();
  IF NEW.maker_type = 'human' AND NEW.maker_person IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG401', MESSAGE = 'an approval is asked for by a person: this login names none';
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION cases.check_request() IS 'Row trigger: the maker is who is in context';

CREATE OR REPLACE FUNCTION cases.check_vote() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE request cases.approval_requests;
BEGIN
  NEW.voter_person := core.person_id();
  NEW.voter_id := core.actor_id();
  NEW.voted_at := clock_timestamp();
  IF NEW.voter_person IS NULL OR core.actor_type() <> 'human' THEN
    RAISE EXCEPTION USING ERRCODE = 'HG401', MESSAGE = 'an approval is given by a person: this login names none';
  END IF;
  SELECT * INTO request FROM cases.approval_requests r WHERE r.tenant_id = NEW.tenant_id AND r.id = NEW.approval_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG402', MESSAGE = 'there is no such approval request';
  END IF;
  IF request.maker_person = NEW.voter_person THEN
    RAISE EXCEPTION USING ERRCODE = 'HG403', MESSAGE = 'you asked for this approval yourself: another person must give it';
  END IF;
  IF request.digest <> NEW.digest THEN
    RAISE EXCEPTION USING ERRCODE = 'HG404', MESSAGE = 'what you saw is not what was asked for: read the request again';
  END IF;
  IF request.expires_at <= clock_timestamp() THEN
    RAISE EXCEPTION USING ERRCODE = 'HG405', MESSAGE = 'this approval request has expired: ask again';
  END IF;
  IF EXISTS (SELECT FROM cases.approval_uses u WHERE u.tenant_id = NEW.tenant_id AND u.approval_id = NEW.approval_id) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG406', MESSAGE = 'this approval has been used already';
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION cases.check_vote() IS 'Row trigger: another person than the maker, the same digest, in time, before its use';

CREATE OR REPLACE FUNCTION cases.check_use() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE request cases.approval_requests; yes integer; no integer;
BEGIN
  NEW.used_by := core.actor_id();
  NEW.used_at := clock_timestamp();
  -- Votes of the same request wait here, so that a rejection cannot slip in between the count and the use.
  SELECT * INTO request FROM cases.approval_requests r WHERE r.tenant_id = NEW.tenant_id AND r.id = NEW.approval_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'HG402', MESSAGE = 'there is no such approval request';
  END IF;
  IF request.digest <> NEW.digest THEN
    RAISE EXCEPTION USING ERRCODE = 'HG404', MESSAGE = 'what was approved is not what would be done: ask for approval of this';
  END IF;
  IF request.expires_at <= clock_timestamp() THEN
    RAISE EXCEPTION USING ERRCODE = 'HG405', MESSAGE = 'this approval has expired: ask again';
  END IF;
  SELECT count(*) FILTER (WHERE approved), count(*) FILTER (WHERE NOT approved) INTO yes, no
    FROM cases.approval_votes v
   WHERE v.tenant_id = NEW.tenant_id AND v.approval_id = NEW.approval_id AND v.voter_person IS DISTINCT FROM request.maker_person;
  IF no > 0 OR yes < request.approvals_needed THEN
    RAISE EXCEPTION USING ERRCODE = 'HG407',
      MESSAGE = format('this needs %s approvals and has %s%s', request.approvals_needed, yes, CASE WHEN no > 0 THEN ', and a rejection' ELSE '' END);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION cases.check_use() IS 'Row trigger: enough other people said yes to exactly this, in time, and nobody said no';

-- Votes and the use of one request queue behind each other.
CREATE OR REPLACE FUNCTION cases.queue_on_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('cases.approval:' || NEW.tenant_id || NEW.approval_id, 0));
  RETURN NEW;
END $$;
COMMENT ON FUNCTION cases.queue_on_request() IS 'Row trigger: one vote or use of a request at a time';

CREATE OR REPLACE TRIGGER a_request_is_the_makers BEFORE INSERT ON cases.approval_requests FOR EACH ROW EXECUTE FUNCTION cases.check_request();
CREATE OR REPLACE TRIGGER a_queue BEFORE INSERT ON cases.approval_votes FOR EACH ROW EXECUTE FUNCTION cases.queue_on_request();
CREATE OR REPLACE TRIGGER b_vote_is_another_persons BEFORE INSERT ON cases.approval_votes FOR EACH ROW EXECUTE FUNCTION cases.check_vote();
CREATE OR REPLACE TRIGGER a_queue BEFORE INSERT ON cases.approval_uses FOR EACH ROW EXECUTE FUNCTION cases.queue_on_request();
CREATE OR REPLACE TRIGGER b_use_is_approved BEFORE INSERT ON cases.approval_uses FOR EACH ROW EXECUTE FUNCTION cases.check_use();
CREATE OR REPLACE TRIGGER a_legal_move BEFORE INSERT OR UPDATE ON cases.exception_cases
  FOR EACH ROW EXECUTE FUNCTION core.check_transition('case', 'cases.transitions', 'state');
ALTER TABLE cases.approval_requests ENABLE ALWAYS TRIGGER a_request_is_the_makers;
ALTER TABLE cases.approval_votes ENABLE ALWAYS TRIGGER a_queue;
ALTER TABLE cases.approval_votes ENABLE ALWAYS TRIGGER b_vote_is_another_persons;
ALTER TABLE cases.approval_uses ENABLE ALWAYS TRIGGER a_queue;
ALTER TABLE cases.approval_uses ENABLE ALWAYS TRIGGER b_use_is_approved;
ALTER TABLE cases.exception_cases ENABLE ALWAYS TRIGGER a_legal_move;

-- A new case column (core.check_transition reads the row as json) needs nothing here.
CREATE OR REPLACE VIEW cases.approvals WITH (security_invoker = true) AS
  SELECT r.tenant_id, r.id, r.action, r.subject, r.payload, r.digest, r.reason, r.approvals_needed,
         r.maker_type, r.maker_id, r.maker_person, r.requested_at, r.expires_at,
         v.yes AS approvals, u.used_at,
         CASE WHEN u.used_at IS NOT NULL THEN 'used'
              WHEN v.no > 0 THEN 'rejected'
              WHEN r.expires_at <= clock_timestamp() THEN 'expired'
              WHEN v.yes >= r.approvals_needed THEN 'approved'
              ELSE 'pending' END AS status
    FROM cases.approval_requests r
    LEFT JOIN cases.approval_uses u ON u.tenant_id = r.tenant_id AND u.approval_id = r.id
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE approved)::int AS yes, count(*) FILTER (WHERE NOT approved)::int AS no
        FROM cases.approval_votes v WHERE v.tenant_id = r.tenant_id AND v.approval_id = r.id) v;
COMMENT ON VIEW cases.approvals IS 'Approval requests with the status that follows from their votes and their use';
GRANT SELECT ON cases.approvals TO headgate_app, headgate_readonly;
GRANT EXECUTE ON FUNCTION cases.check_request(), cases.check_vote(), cases.check_use(), cases.queue_on_request() TO headgate_app;

CREATE OR REPLACE VIEW cases.invariant_four_eyes WITH (security_invoker = true) AS
  SELECT u.approval_id AS subject, format('used with %s of %s approvals of other people', count(v.voter_person), r.approvals_needed) AS detail
    FROM cases.approval_uses u
    JOIN cases.approval_requests r ON r.tenant_id = u.tenant_id AND r.id = u.approval_id
    LEFT JOIN cases.approval_votes v ON v.tenant_id = u.tenant_id AND v.approval_id = u.approval_id AND v.approved
         AND v.voter_person IS DISTINCT FROM r.maker_person AND v.digest = r.digest AND v.voted_at <= u.used_at
   WHERE u.digest = r.digest
   GROUP BY u.approval_id, r.approvals_needed
  HAVING count(v.voter_person) < r.approvals_needed
  UNION ALL
  SELECT u.approval_id, 'used for another payload than was approved'
    FROM cases.approval_uses u JOIN cases.approval_requests r ON r.tenant_id = u.tenant_id AND r.id = u.approval_id
   WHERE u.digest <> r.digest;
COMMENT ON VIEW cases.invariant_four_eyes IS 'Every approval that was used had enough yeses of other people than its maker, for exactly its payload';
GRANT SELECT ON cases.invariant_four_eyes TO headgate_app, headgate_readonly;
