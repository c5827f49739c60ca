CREATE OR REPLACE VIEW recon.lineage WITH (security_invoker = true) AS
  SELECT f.tenant_id, f.what, f.subject_id, f.record_id, f.artifact_id, f.ingestion_id, f.transaction_id, f.at FROM funding.lineage f
  UNION ALL
  SELECT p.tenant_id, p.what, p.subject_id, p.record_id, p.artifact_id, p.ingestion_id, p.transaction_id, p.at FROM payments.lineage p
  UNION ALL
  SELECT s.tenant_id, s.what, s.subject_id, s.record_id, s.artifact_id, s.ingestion_id, s.transaction_id, s.at FROM servicing.lineage s
  UNION ALL
  SELECT m.tenant_id, 'matched', m.reconciliation_id, x.record_id, NULL, NULL, g.transaction_id, m.matched_at
    FROM recon.match_records x
    JOIN recon.matches m ON m.tenant_id = x.tenant_id AND m.id = x.match_id
    JOIN recon.match_legs l ON l.tenant_id = x.tenant_id AND l.match_id = x.match_id
    JOIN recon.book_legs g ON g.tenant_id = l.tenant_id AND g.account_id = l.account_id AND g.seq = l.seq
  UNION ALL
  SELECT c.tenant_id, 'case', c.id, CASE WHEN c.ingestion_id LIKE 'rec\_%' THEN c.ingestion_id END,
         CASE WHEN c.ingestion_id LIKE 'art\_%' THEN c.ingestion_id END, c.ingestion_id, NULL, c.created_at
    FROM cases.exception_cases c
   WHERE c.ingestion_id IS NOT NULL;
COMMENT ON VIEW recon.lineage IS
  'From evidence to the book and back: what each record, artifact or payment that came in became in every domain, and the transaction that it made';
GRANT SELECT ON recon.lineage TO headgate_app, headgate_readonly;
