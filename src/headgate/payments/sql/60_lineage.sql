CREATE OR REPLACE VIEW payments.lineage WITH (security_invoker = true) AS
  SELECT s.tenant_id, 'payment_' || s.status AS what, s.instruction_id AS subject_id, s.record_id, s.artifact_id,
         NULL::text AS ingestion_id, s.transaction_id, s.recorded_at AS at
    FROM payments.settlement_events s
  UNION ALL
  SELECT c.tenant_id, 'return_credit', c.id, c.record_id, c.artifact_id, NULL, c.transaction_id, c.recorded_at
    FROM payments.return_credits c
  UNION ALL
  SELECT r.tenant_id, 'return', r.id, r.record_id, r.artifact_id, NULL, r.transaction_id, r.recorded_at
    FROM payments.returns r
  UNION ALL
  SELECT n.tenant_id, 'notice_of_change', n.id, n.record_id, n.artifact_id, NULL, NULL, n.recorded_at
    FROM payments.notices n
  UNION ALL
  SELECT d.tenant_id, 'return_' || d.kind, d.return_id, d.record_id, d.artifact_id, NULL, d.transaction_id, d.recorded_at
    FROM payments.return_disputes d
   WHERE d.record_id IS NOT NULL
  UNION ALL
  SELECT d.tenant_id, 'dishonor_settled', d.ach_file_id, d.record_id, NULL, NULL, NULL, d.recorded_at
    FROM payments.dishonor_settlements d
  UNION ALL
  SELECT m.tenant_id, 'movement', m.id, m.record_id, m.artifact_id, NULL, e.transaction_id, m.recorded_at
    FROM payments.movements m
    LEFT JOIN payments.movement_effects x ON x.tenant_id = m.tenant_id AND x.movement_id = m.id
    LEFT JOIN funding.events e ON e.tenant_id = x.tenant_id AND e.id = x.funding_event_id;
COMMENT ON VIEW payments.lineage IS 'What each record of evidence became here, and the transaction of the book that it made, where it made one';
GRANT SELECT ON payments.lineage TO headgate_app, headgate_readonly;
