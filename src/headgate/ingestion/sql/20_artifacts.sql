-- An artifact, its sealed body, its audit event and its message in one call; the same bytes again change nothing.
CREATE OR REPLACE FUNCTION ingestion.receive(p_id text, p_facts jsonb, p_sha256 bytea, p_body_sealed bytea, p_lands boolean, p_stored_sha256 bytea)
  RETURNS TABLE (id text, is_new boolean, received_at timestamptz, received_by text) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant(); v_received_at timestamptz; v_received_by text; v_told jsonb;
BEGIN
  INSERT INTO ingestion.artifacts (tenant_id, id, source, kind, filename, sha256, size_bytes, type, mime, metadata, stored_sha256,
                                   stored_size_bytes, redactions)
  VALUES (v_tenant, p_id, p_facts ->> 'source', p_facts ->> 'kind', p_facts ->> 'filename', p_sha256, (p_facts ->> 'size_bytes')::bigint,
          p_facts ->> 'type', p_facts ->> 'mime', p_facts -> 'metadata', p_stored_sha256, (p_facts ->> 'stored_size_bytes')::bigint,
          nullif(p_facts -> 'redactions', 'null'))
      ON CONFLICT (tenant_id, source, sha256) DO NOTHING
  RETURNING artifacts.received_at, artifacts.received_by INTO v_received_at, v_received_by;
  IF v_received_at IS NULL THEN
    RETURN QUERY SELECT a.id, false, a.received_at, a.received_by FROM ingestion.artifacts a
                  WHERE a.tenant_id = v_tenant AND a.source = p_facts ->> 'source' AND a.sha256 = p_sha256;
    RETURN;
  END IF;
  IF p_lands THEN
    INSERT INTO ingestion.landed_bodies (tenant_id, artifact_id, body_sealed) VALUES (v_tenant, p_id, p_body_sealed);
  ELSE
    INSERT INTO ingestion.artifact_bodies (tenant_id, received_at, artifact_id, body_sealed)
    VALUES (v_tenant, v_received_at, p_id, p_body_sealed);
  END IF;
  v_told := jsonb_build_object('artifact_id', p_id, 'source', p_facts -> 'source', 'kind', p_facts -> 'kind', 'type', p_facts -> 'type',
                               'sha256', encode(p_sha256, 'hex'), 'size_bytes', p_facts -> 'size_bytes')
            || CASE WHEN p_stored_sha256 IS NULL THEN '{}' ELSE jsonb_build_object('stored_sha256', encode(p_stored_sha256, 'hex'),
                                 'redactions', jsonb_array_length(p_facts -> 'redactions')) END;
  PERFORM audit.record_many(ARRAY['ingestion.artifact.received'], ARRAY[v_told], ARRAY[NULL::text], ARRAY[p_id]);
  PERFORM messaging.publish('ingestion.artifact.received', 'artifact', ARRAY[p_id], ARRAY[v_told], NULL);
  RETURN QUERY SELECT p_id, true, v_received_at, v_received_by;
END $$;
COMMENT ON FUNCTION ingestion.receive(text, jsonb, bytea, bytea, boolean, bytea) IS
  'Keeps an artifact with its sealed body and announces it; the id of the one that stands where the same bytes came from that source before';
REVOKE ALL ON FUNCTION ingestion.receive(text, jsonb, bytea, bytea, boolean, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingestion.receive(text, jsonb, bytea, bytea, boolean, bytea) TO headgate_app;

-- The only way for a body out of the database: an object of the same bytes is named, and they are compared here.
CREATE OR REPLACE FUNCTION ingestion.body_stored(p_artifact_id text, p_name text, p_sealed_sha256 bytea)
  RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant(); v_bytes bigint;
BEGIN
  DELETE FROM ingestion.landed_bodies l
   WHERE l.tenant_id = v_tenant AND l.artifact_id = p_artifact_id AND sha256(l.body_sealed) = p_sealed_sha256
  RETURNING octet_length(l.body_sealed) INTO v_bytes;
  IF v_bytes IS NULL THEN
    RETURN false;
  END IF;
  INSERT INTO ingestion.stored_objects (tenant_id, artifact_id, name, sealed_sha256, sealed_bytes)
  VALUES (v_tenant, p_artifact_id, p_name, p_sealed_sha256, v_bytes);
  RETURN true;
END $$;
COMMENT ON FUNCTION ingestion.body_stored(text, text, bytea) IS
  'Takes a landed body out of the database, since an object of that name holds it; false where no body of these bytes has landed';
ALTER FUNCTION ingestion.body_stored(text, text, bytea) OWNER TO headgate_poster;
REVOKE ALL ON FUNCTION ingestion.body_stored(text, text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingestion.body_stored(text, text, bytea) TO headgate_app;

-- The evidence of payments, whoever named it: one row an ingestion and an artifact, or an address elsewhere.
CREATE OR REPLACE VIEW ingestion.payment_artifacts WITH (security_invoker = true) AS
  SELECT DISTINCT ON (n.tenant_id, n.ingestion_id, coalesce(a.id, n.uri))
         n.tenant_id, n.ingestion_id, a.id AS artifact_id, coalesce(a.type, n.type) AS type,
         coalesce('urn:headgate:artifact:' || a.id, n.uri) AS uri, coalesce(a.sha256, n.sha256) AS sha256,
         coalesce(a.size_bytes, n.size_bytes) AS size_bytes, coalesce(a.mime, n.mime) AS mime,
         coalesce(a.metadata, '{}') || n.metadata AS source_metadata, n.warning
    FROM (SELECT i.tenant_id, i.id AS ingestion_id, 'bank_file' AS type, NULL::text AS uri, NULL::text AS artifact_id,
                 decode(i.artifact_sha256, 'hex') AS sha256, NULL::bigint AS size_bytes, NULL::text AS mime, '{}'::jsonb AS metadata,
                 NULL::text AS warning
            FROM ingestion.payment_ingestions i
           UNION ALL
          SELECT i.tenant_id, i.id AS ingestion_id, e.one ->> 'type' AS type, e.one ->> 'uri' AS uri, NULL::text AS artifact_id,
                 decode(e.one ->> 'hash', 'hex') AS sha256, NULL::bigint AS size_bytes, NULL::text AS mime, '{}'::jsonb AS metadata,
                 NULL::text AS warning
            FROM ingestion.payment_ingestions i
           CROSS JOIN jsonb_array_elements(CASE WHEN i.artifact_hash <> '{}' THEN i.normalized_envelope -> 'artifacts' END) AS e (one)
           UNION ALL
          SELECT p.tenant_id, p.ingestion_id, 'bank_file' AS type, NULL::text AS uri, p.artifact_id, NULL::bytea AS sha256,
                 NULL::bigint AS size_bytes, NULL::text AS mime, '{}'::jsonb AS metadata, NULL::text AS warning
            FROM ingestion.payment_evidence p
           WHERE p.artifact_id IS NOT NULL
           UNION ALL
          SELECT r.tenant_id, r.ingestion_id, r.type, r.uri, r.artifact_id, r.sha256, r.size_bytes, r.mime, r.metadata, r.warning
            FROM ingestion.artifact_references r) n
    LEFT JOIN LATERAL (SELECT * FROM ingestion.artifacts c
                        WHERE c.tenant_id = n.tenant_id AND (c.id = n.artifact_id OR c.sha256 = n.sha256)
                        ORDER BY c.id LIMIT 1) a ON true
   WHERE coalesce(a.id, n.uri) IS NOT NULL
   ORDER BY n.tenant_id, n.ingestion_id, coalesce(a.id, n.uri), n.warning NULLS FIRST;
COMMENT ON VIEW ingestion.payment_artifacts IS
  'The evidence of each payment that came in: the file that it stood in, what its envelope names, what another source told of it, what was given later';
GRANT SELECT ON ingestion.payment_artifacts TO headgate_app, headgate_readonly;
