-- The moves of artifacts and payments that came in, judged by a statement that is planned once: the general trigger writes the whole
-- row out as JSON and plans its question anew, which for a row with its envelope took as long as all the rest of writing it.
CREATE FUNCTION ingestion.check_transition() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  status_before CONSTANT text := CASE TG_OP WHEN 'UPDATE' THEN OLD.status ELSE '' END;
BEGIN
  IF status_before <> NEW.status AND NOT EXISTS (
    SELECT FROM ingestion.transitions t
     WHERE t.entity = TG_ARGV[0] AND t.from_status = status_before AND t.to_status = NEW.status) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG003',
      MESSAGE = format('a %s cannot go from %s to %s', TG_ARGV[0], coalesce(nullif(status_before, ''), 'nothing'), NEW.status);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION ingestion.check_transition() IS 'Row trigger: a status may only make the moves that ingestion.transitions lists';
REVOKE ALL ON FUNCTION ingestion.check_transition() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingestion.check_transition() TO headgate_app;

DROP TRIGGER artifact_moves ON ingestion.artifacts;
CREATE TRIGGER artifact_moves BEFORE INSERT OR UPDATE OF status ON ingestion.artifacts
  FOR EACH ROW EXECUTE FUNCTION ingestion.check_transition('artifact');
DROP TRIGGER payment_ingestion_moves ON ingestion.payment_ingestions;
CREATE TRIGGER payment_ingestion_moves BEFORE INSERT OR UPDATE OF status ON ingestion.payment_ingestions
  FOR EACH ROW EXECUTE FUNCTION ingestion.check_transition('payment_ingestion');

-- What is kept, normalised and announced in one transaction is published from the first.
INSERT INTO ingestion.transitions (entity, from_status, to_status) VALUES ('payment_ingestion', '', 'published');
