-- Keys are claimed and looked up in two statements, since only a snapshot taken after the lock sees what the one before
-- committed; a function makes it one round trip for any number of them.
CREATE OR REPLACE FUNCTION web.claim_keys(p_keys text[])
  RETURNS TABLE (key text, is_free boolean, method text, path text, body_hash bytea, status smallint, answer text)
  LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_free boolean[];
BEGIN
  SELECT array_agg(pg_try_advisory_xact_lock(hashtextextended(v_tenant || ':' || u.key, 7)) ORDER BY u.o)
    INTO v_free FROM unnest(p_keys) WITH ORDINALITY u (key, o);
  RETURN QUERY
    SELECT u.key, u.is_free, k.method, k.path, k.body_hash, k.status, k.answer
      FROM unnest(p_keys, v_free) u (key, is_free)
      LEFT JOIN web.idempotency_keys k ON k.tenant_id = v_tenant AND k.key = u.key COLLATE "C"
           AND k.key = ANY (p_keys COLLATE "C");
END $$;
COMMENT ON FUNCTION web.claim_keys(text[]) IS
  'Takes each key for this transaction where no other has it (is_free), and says what was answered to it before (status NULL: nothing)';
REVOKE EXECUTE ON FUNCTION web.claim_keys(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION web.claim_keys(text[]) TO headgate_app;
