CREATE OR REPLACE FUNCTION ingestion.day_begins(day date) RETURNS timestamptz LANGUAGE sql STABLE
  RETURN day::timestamp AT TIME ZONE coalesce(
    (SELECT e.time_zone FROM tenants.legal_entities e WHERE e.tenant_id = core.require_tenant() ORDER BY e.id LIMIT 1), 'UTC');
COMMENT ON FUNCTION ingestion.day_begins(date) IS 'When a day of the tenant in context begins: in the zone of its first legal entity, else UTC';
REVOKE EXECUTE ON FUNCTION ingestion.day_begins(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingestion.day_begins(date) TO headgate_app, headgate_readonly;

-- Which line a payment that came in stands on, and where else evidence of it does: the record that was read there.
CREATE OR REPLACE VIEW ingestion.payment_places WITH (security_invoker = true) AS
  SELECT e.tenant_id, e.ingestion_id, coalesce(e.artifact_id, r.artifact_id) AS artifact_id, coalesce(r.line, 1) AS line,
         coalesce(r.occurrence, 1) AS occurrence, e.record_id
    FROM ingestion.payment_evidence e
    LEFT JOIN ingestion.records r ON r.tenant_id = e.tenant_id AND r.id = e.record_id
   WHERE e.artifact_id IS NOT NULL OR e.record_id IS NOT NULL
  UNION ALL
  SELECT p.tenant_id, p.id, a.id, p.line, p.occurrence, NULL
    FROM ingestion.payment_ingestions p
    JOIN ingestion.artifacts a ON a.tenant_id = p.tenant_id AND a.sha256 = decode(p.artifact_sha256, 'hex')
   WHERE NOT EXISTS (SELECT FROM ingestion.payment_evidence e
                      WHERE e.tenant_id = p.tenant_id AND e.ingestion_id = p.id AND (e.artifact_id IS NOT NULL OR e.record_id IS NOT NULL));
COMMENT ON VIEW ingestion.payment_places IS
  'The artifact, line and record of every piece of evidence of a payment that came in; one that came as an envelope of its own has none';
GRANT SELECT ON ingestion.payment_places TO headgate_app, headgate_readonly;
