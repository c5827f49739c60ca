-- Many artifacts in one call, each under its own correlation: what several senders' commits share. As a set: ten times the rate
-- of one call for each.
CREATE OR REPLACE FUNCTION ingestion.receive_many(
  p_ids text[], p_facts jsonb[], p_sha256 bytea[], p_bodies_sealed bytea[], p_stored_sha256 bytea[], p_correlations text[])
  RETURNS TABLE (id text, is_new boolean) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_ids text[]; v_told jsonb[]; v_correlations text[];
BEGIN
  WITH given AS MATERIALIZED (
    SELECT u.*
      FROM unnest(p_ids, p_facts, p_sha256, p_bodies_sealed, p_stored_sha256, p_correlations)
           WITH ORDINALITY AS u (id, facts, sha256, body_sealed, stored_sha256, correlation, n)
  ), kept AS (
    INSERT INTO ingestion.artifacts (tenant_id, id, source, kind, filename, sha256, size_bytes, type, mime, metadata, stored_sha256,
                                     stored_size_bytes, redactions)
    SELECT v_tenant, g.id, g.facts ->> 'source', g.facts ->> 'kind', g.facts ->> 'filename', g.sha256, (g.facts ->> 'size_bytes')::bigint,
           g.facts ->> 'type', g.facts ->> 'mime', g.facts -> 'metadata', g.stored_sha256, (g.facts ->> 'stored_size_bytes')::bigint,
           nullif(g.facts -> 'redactions', 'null')
      FROM given g
     ORDER BY g.n
        ON CONFLICT (tenant_id, source, sha256) DO NOTHING
    RETURNING id, received_at
  ), bodies AS (
    INSERT INTO ingestion.artifact_bodies (tenant_id, received_at, artifact_id, body_sealed)
    SELECT v_tenant, k.received_at, g.id, g.body_sealed FROM given g JOIN kept k ON k.id = g.id ORDER BY g.n
  )
  SELECT array_agg(g.id ORDER BY g.n),
         array_agg(jsonb_build_object('artifact_id', g.id, 'source', g.facts -> 'source', 'kind', g.facts -> 'kind',
                                      'type', g.facts -> 'type', 'sha256', encode(g.sha256, 'hex'), 'size_bytes', g.facts -> 'size_bytes')
                   || CASE WHEN g.stored_sha256 IS NULL THEN '{}'
                           ELSE jsonb_build_object('stored_sha256', encode(g.stored_sha256, 'hex'),
                                                   'redactions', jsonb_array_length(g.facts -> 'redactions')) END ORDER BY g.n),
         array_agg(coalesce(g.correlation, core.correlation_id()) ORDER BY g.n)
    INTO v_ids, v_told, v_correlations
    FROM given g JOIN kept k ON k.id = g.id;
  IF v_ids IS NOT NULL THEN
    PERFORM audit.record_many_v2(array_fill('ingestion.artifact.received'::text, ARRAY[cardinality(v_ids)]), v_told,
                                 array_fill(NULL::text, ARRAY[cardinality(v_ids)]), v_ids, v_correlations);
    PERFORM messaging.publish('ingestion.artifact.received', 'artifact', v_ids, v_told, v_correlations);
  END IF;
  -- In a statement of its own, which sees what was inserted just now, here or by who came first.
  RETURN QUERY
    SELECT CASE WHEN g.id = ANY (v_ids) THEN g.id
                ELSE (SELECT a.id FROM ingestion.artifacts a
                       WHERE a.tenant_id = v_tenant AND a.source = g.facts ->> 'source' AND a.sha256 = g.sha256) END,
           coalesce(g.id = ANY (v_ids), false)
      FROM unnest(p_ids, p_facts, p_sha256) WITH ORDINALITY AS g (id, facts, sha256, n)
     ORDER BY g.n;
END $$;
COMMENT ON FUNCTION ingestion.receive_many(text[], jsonb[], bytea[], bytea[], bytea[], text[]) IS
  'ingestion.receive for many small artifacts, each under its own correlation; in order, the id of each and whether it is new';
REVOKE ALL ON FUNCTION ingestion.receive_many(text[], jsonb[], bytea[], bytea[], bytea[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingestion.receive_many(text[], jsonb[], bytea[], bytea[], bytea[], text[]) TO headgate_app;
