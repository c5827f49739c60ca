CREATE OR REPLACE VIEW funding.lineage WITH (security_invoker = true) AS
  SELECT d.tenant_id, 'deposit' AS what, d.id AS subject_id, d.record_id, NULL::text AS artifact_id, NULL::text AS ingestion_id,
         d.transaction_id, d.recorded_at AS at
    FROM funding.deposits d
  UNION ALL
  SELECT d.tenant_id, 'deposit_assigned', d.id, d.record_id, NULL, NULL, a.transaction_id, a.recorded_at
    FROM funding.deposit_assignments a
    JOIN funding.deposits d ON d.tenant_id = a.tenant_id AND d.id = a.deposit_id
  UNION ALL
  SELECT d.tenant_id, 'funding', e.funding_request_id, d.record_id, NULL, NULL, e.transaction_id, e.recorded_at
    FROM funding.events e
    JOIN funding.deposits d ON d.tenant_id = e.tenant_id AND d.id = e.deposit_id
   WHERE e.transaction_id <> d.transaction_id;
COMMENT ON VIEW funding.lineage IS 'What each record of evidence became here, and the transaction of the book that it made: the way between an entry and its line';
GRANT SELECT ON funding.lineage TO headgate_app, headgate_readonly;
