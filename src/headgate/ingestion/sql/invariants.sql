CREATE OR REPLACE VIEW ingestion.invariant_artifact_bodies WITH (security_invoker = true) AS
  SELECT a.id AS subject,
         coalesce(format('has %s bytes, its sealed body %s (37 more are right)', a.size_bytes, octet_length(b.body_sealed)), 'has no body') AS detail
    FROM ingestion.artifacts a
    LEFT JOIN ingestion.artifact_bodies b ON b.tenant_id = a.tenant_id AND b.artifact_id = a.id AND b.received_at = a.received_at
   -- A sealed value is its plain text and 37 bytes of header, nonce and tag (core/secrets.py).
   WHERE octet_length(b.body_sealed) IS DISTINCT FROM a.size_bytes + 37;
COMMENT ON VIEW ingestion.invariant_artifact_bodies IS 'Every artifact has its bytes, all of them';

CREATE OR REPLACE VIEW ingestion.invariant_artifact_status WITH (security_invoker = true) AS
  SELECT a.id AS subject, format('is %s and has %s readings', a.status, (SELECT count(*) FROM ingestion.readings r
           WHERE r.tenant_id = a.tenant_id AND r.artifact_id = a.id)) AS detail
    FROM ingestion.artifacts a
   WHERE (a.status = 'read') <> EXISTS (SELECT FROM ingestion.readings r WHERE r.tenant_id = a.tenant_id AND r.artifact_id = a.id);
COMMENT ON VIEW ingestion.invariant_artifact_status IS 'An artifact is called read exactly when a reading of it stands';

CREATE OR REPLACE VIEW ingestion.invariant_reading_counts WITH (security_invoker = true) AS
  SELECT g.id AS subject, format('says %s records and %s faults; %s and %s stand', g.records - g.duplicates, g.faults, g.records_kept, g.faults_kept) AS detail
    FROM (SELECT r.id, r.records, r.duplicates, r.faults,
                 (SELECT count(*) FROM ingestion.records c WHERE c.tenant_id = r.tenant_id AND c.artifact_id = r.artifact_id AND c.reading_id = r.id) AS records_kept,
                 (SELECT count(*) FROM ingestion.faults f WHERE f.tenant_id = r.tenant_id AND f.artifact_id = r.artifact_id AND f.reading_id = r.id) AS faults_kept
            FROM ingestion.readings r) g
   WHERE g.records - g.duplicates <> g.records_kept OR g.faults <> g.faults_kept;
COMMENT ON VIEW ingestion.invariant_reading_counts IS 'Every reading has the records and faults that it says';
GRANT SELECT ON ingestion.invariant_artifact_bodies, ingestion.invariant_artifact_status, ingestion.invariant_reading_counts
  TO headgate_app, headgate_readonly;
