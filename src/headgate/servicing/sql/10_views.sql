-- Which lines stand now: neither taken back, nor taking back.
CREATE OR REPLACE VIEW servicing.live_allocations WITH (security_invoker = true) AS
SELECT a.tenant_id, a.id, a.payment_id, a.loan_id, a.bucket, a.instalment_no, a.amount_minor, a.applied_on, a.policy_version_no,
       a.is_recovery, a.transaction_id
  FROM servicing.allocations a
 WHERE a.reverses IS NULL
   AND NOT EXISTS (SELECT FROM servicing.allocations r WHERE r.tenant_id = a.tenant_id AND r.reverses = a.id);
COMMENT ON VIEW servicing.live_allocations IS 'The lines that stand: where each cent of each payment lies now';
GRANT SELECT ON servicing.live_allocations TO headgate_app, headgate_readonly;

-- Which payment each return may be about: by its transfer, or by another name under which its payment came in. Only a transfer's id
-- is given out once for ever, so a payment found by another name may not lie after the return, but for the days of a weekend.
DROP VIEW IF EXISTS servicing.return_originals;
CREATE VIEW servicing.return_originals WITH (security_invoker = true) AS
SELECT f.tenant_id, f.return_id, f.payment_id, f.by_transfer, r.kind, r.action, r.asks, r.code, r.severity, r.returned_on,
       r.amount_minor, r.currency, p.loan_id, p.status, p.status = 'reversed' AS is_reversed, p.total_received AS total_minor,
       r.amount_minor IS NULL OR (r.amount_minor = p.total_received AND r.currency = p.currency) AS amount_agrees,
       CASE WHEN f.by_transfer THEN 0 ELSE abs(r.returned_on - p.effective_date) END AS days_apart
  FROM (SELECT r.tenant_id, r.id AS return_id, p.id AS payment_id, true AS by_transfer
          FROM servicing.returns r
          JOIN servicing.payments p ON p.tenant_id = r.tenant_id AND p.provider_transfer_id = r.provider_transfer_id
         UNION ALL
        SELECT n.tenant_id, n.return_id, p.id, false
          FROM servicing.return_identifiers n
          JOIN ingestion.payment_identifiers w ON w.tenant_id = n.tenant_id AND w.identifier = n.identifier
          JOIN servicing.payments p ON p.tenant_id = w.tenant_id AND p.ingestion_id = w.ingestion_id) f
  JOIN servicing.returns r ON r.tenant_id = f.tenant_id AND r.id = f.return_id
  JOIN servicing.payments p ON p.tenant_id = f.tenant_id AND p.id = f.payment_id
 WHERE f.by_transfer OR p.effective_date <= r.returned_on + 5;
COMMENT ON VIEW servicing.return_originals IS 'The payments that a return may be about, each as often as it is named';
GRANT SELECT ON servicing.return_originals TO headgate_app, headgate_readonly;
