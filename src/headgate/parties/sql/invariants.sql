CREATE OR REPLACE VIEW parties.invariant_account_history WITH (security_invoker = true) AS
  SELECT b.id AS subject, format('stands as %s, its history ends with %s', b.status, coalesce(c.change, 'nothing')) AS detail
    FROM parties.bank_accounts b
    LEFT JOIN LATERAL (
      SELECT h.change FROM parties.bank_account_changes h
       WHERE h.tenant_id = b.tenant_id AND h.bank_account_id = b.id AND h.change IN ('added', 'reactivated', 'replaced', 'closed')
       ORDER BY h.id DESC LIMIT 1) c ON true
   WHERE b.status IS DISTINCT FROM CASE WHEN c.change IN ('added', 'reactivated') THEN 'active' ELSE c.change END;
COMMENT ON VIEW parties.invariant_account_history IS 'Every bank account stands as its history last says';

CREATE OR REPLACE VIEW parties.invariant_verification_evidence WITH (security_invoker = true) AS
  SELECT b.id AS subject, format('is %s, its evidence says %s', b.verification, coalesce(v.outcome, 'nothing')) AS detail
    FROM parties.bank_accounts b
    LEFT JOIN LATERAL (
      SELECT e.outcome FROM parties.verifications e
       WHERE e.tenant_id = b.tenant_id AND e.bank_account_id = b.id
       ORDER BY e.id DESC LIMIT 1) v ON true
   WHERE b.verification <> coalesce(v.outcome, 'unverified');
COMMENT ON VIEW parties.invariant_verification_evidence IS 'Every bank account is as verified as its last evidence says';
GRANT SELECT ON parties.invariant_account_history, parties.invariant_verification_evidence TO headgate_app, headgate_readonly;
