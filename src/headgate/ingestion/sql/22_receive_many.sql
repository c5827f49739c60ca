-- Many artifacts in one call, each under its own correlation: what several senders' commits share.
CREATE OR REPLACE FUNCTION ingestion.receive_many(
  p_ids text[], p_facts jsonb[], p_sha256 bytea[], p_bodies_sealed bytea[], p_stored_sha256 bytea[], p_correlations text[])
  RETURNS TABLE (id text, is_new boolean) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_before CONSTANT text := core.correlation_id(); n integer;
BEGIN
  FOR n IN 1 .. cardinality(p_ids) LOOP
    PERFORM set_config('headgate.correlation_id', coalesce(p_correlations[n], v_before, ''), true);
    RETURN QUERY SELECT r.id, r.is_new
      FROM ingestion.receive(p_ids[n], p_facts[n], p_sha256[n], p_bodies_sealed[n], false, p_stored_sha256[n]) r;
  END LOOP;
  PERFORM set_config('headgate.correlation_id', coalesce(v_before, ''), true);
END $$;
COMMENT ON FUNCTION ingestion.receive_many(text[], jsonb[], bytea[], bytea[], bytea[], text[]) IS
  'ingestion.receive for many small artifacts, each under its own correlation; in order, the id of each and whether it is new';
REVOKE ALL ON FUNCTION ingestion.receive_many(text[], jsonb[], bytea[], bytea[], bytea[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingestion.receive_many(text[], jsonb[], bytea[], bytea[], bytea[], text[]) TO headgate_app;
