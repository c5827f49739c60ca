CREATE OR REPLACE VIEW ingestion.invariant_artifact_bodies WITH (security_invoker = true) AS
  SELECT a.id AS subject,
         CASE WHEN b.sealed IS NULL THEN 'has no body'
              WHEN b.places > 1 THEN format('has %s bodies', b.places)
              ELSE format('has %s bytes, its sealed body %s (37 more are right)', coalesce(a.stored_size_bytes, a.size_bytes), b.sealed) END AS detail
    FROM ingestion.artifacts a
    LEFT JOIN LATERAL (SELECT count(*) AS places, min(p.sealed) AS sealed
                         FROM (SELECT octet_length(i.body_sealed)::bigint AS sealed FROM ingestion.artifact_bodies i
                                WHERE i.tenant_id = a.tenant_id AND i.artifact_id = a.id AND i.received_at = a.received_at
                                UNION ALL
                               SELECT octet_length(l.body_sealed) FROM ingestion.landed_bodies l WHERE l.tenant_id = a.tenant_id AND l.artifact_id = a.id
                                UNION ALL
                               SELECT o.sealed_bytes FROM ingestion.stored_objects o WHERE o.tenant_id = a.tenant_id AND o.artifact_id = a.id) p) b ON true
   -- A sealed value is its plain text and 37 bytes of header, nonce and tag (core/secrets.py).
   WHERE b.places <> 1 OR b.sealed <> coalesce(a.stored_size_bytes, a.size_bytes) + 37;
COMMENT ON VIEW ingestion.invariant_artifact_bodies IS 'Every artifact has its bytes, all of them and in one place: in the database or in storage';

CREATE OR REPLACE VIEW ingestion.invariant_bodies_verified WITH (security_invoker = true) AS
  SELECT v.artifact_id AS subject, format('its stored body is found %s', v.verdict) AS detail
    FROM (SELECT DISTINCT ON (w.tenant_id, w.artifact_id) w.artifact_id, w.verdict FROM ingestion.body_verdicts w
           ORDER BY w.tenant_id, w.artifact_id, w.id DESC) v
   WHERE v.verdict <> 'intact';
COMMENT ON VIEW ingestion.invariant_bodies_verified IS 'No stored body was found to differ from what was received, at its last check';

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
GRANT SELECT ON ingestion.invariant_artifact_bodies, ingestion.invariant_bodies_verified, ingestion.invariant_artifact_status, ingestion.invariant_reading_counts
  TO headgate_app, headgate_readonly;
