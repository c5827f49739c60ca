CREATE OR REPLACE VIEW servicing.lineage WITH (security_invoker = true) AS
  SELECT p.tenant_id, 'loan_payment_' || g.kind AS what, p.id AS subject_id, NULL::text AS record_id, NULL::text AS artifact_id,
         p.ingestion_id, g.transaction_id, g.recorded_at AS at
    FROM servicing.payments p
    JOIN servicing.postings g ON g.tenant_id = p.tenant_id AND g.payment_id = p.id
  UNION ALL
  SELECT r.tenant_id, 'loan_return', r.id, r.record_id, r.artifact_id, r.ingestion_id, NULL, r.recorded_at
    FROM servicing.returns r
  UNION ALL
  SELECT r.tenant_id, 'loan_payment_refused', r.idempotency_key, NULL, NULL, r.ingestion_id, NULL, r.recorded_at
    FROM servicing.refusals r
  UNION ALL
  SELECT p.tenant_id, 'loan_payment_written', p.id, NULL, NULL, p.ingestion_id, NULL, p.recorded_at
    FROM servicing.payments p
   WHERE p.status = 'pending';
COMMENT ON VIEW servicing.lineage IS 'What each payment that came in became here, and the transactions of the book that it made';
GRANT SELECT ON servicing.lineage TO headgate_app, headgate_readonly;
