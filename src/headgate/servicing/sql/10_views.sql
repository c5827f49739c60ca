-- Which lines stand now: neither taken back, nor taking back.
CREATE OR REPLACE VIEW servicing.live_allocations WITH (security_invoker = true) AS
SELECT a.tenant_id, a.id, a.payment_id, a.loan_id, a.bucket, a.instalment_no, a.amount_minor, a.applied_on, a.policy_version_no,
       a.is_recovery, a.transaction_id
  FROM servicing.allocations a
 WHERE a.reverses IS NULL
   AND NOT EXISTS (SELECT FROM servicing.allocations r WHERE r.tenant_id = a.tenant_id AND r.reverses = a.id);
COMMENT ON VIEW servicing.live_allocations IS 'The lines that stand: where each cent of each payment lies now';
GRANT SELECT ON servicing.live_allocations TO headgate_app, headgate_readonly;
