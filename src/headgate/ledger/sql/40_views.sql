-- Reads of the book.

-- What is overdue, reservation or pending, counts no more from its instant on, marked or not; reading marks nothing.
CREATE OR REPLACE VIEW ledger.balances WITH (security_invoker = true) AS
  SELECT a.tenant_id, a.id AS account_id, a.code, a.name, a.type, a.currency, a.purpose, a.legal_entity_id, a.status,
         p.posted_minor, h.reserved_minor, p.posted_minor - h.reserved_minor - h.pending_out_minor AS available_minor,
         h.pending_out_minor, h.pending_in_minor
    FROM ledger.accounts a
    CROSS JOIN LATERAL (SELECT CASE WHEN a.type IN ('ASSET', 'EXPENSE') THEN a.net_minor ELSE -a.net_minor END AS posted_minor) p
    CROSS JOIN LATERAL (
      SELECT a.reserved_minor, a.pending_out_minor, a.pending_in_minor WHERE a.next_expiry_at > (SELECT tenants.now())
      UNION ALL
      SELECT (SELECT coalesce(sum(s.remaining_minor), 0)::bigint FROM ledger.reservations s
               WHERE s.tenant_id = a.tenant_id AND s.account_id = a.id AND s.status = 'active' AND s.expires_at > (SELECT tenants.now())),
             a.pending_out_minor - o.out_minor, a.pending_in_minor - o.in_minor
        FROM (SELECT coalesce(sum(k.out_minor), 0)::bigint AS out_minor, coalesce(sum(k.in_minor), 0)::bigint AS in_minor
                FROM ledger.pending_holds k
               WHERE k.tenant_id = a.tenant_id AND k.account_id = a.id AND k.expires_at < 'infinity' AND k.expires_at <= (SELECT tenants.now())) o
       WHERE a.next_expiry_at <= (SELECT tenants.now())) h;
COMMENT ON VIEW ledger.balances IS 'Each account''s balance on its normal side (a debit raises an ASSET): posted, reserved, pending out and in, available';

CREATE OR REPLACE VIEW ledger.legs WITH (security_invoker = true) AS
  SELECT e.tenant_id, e.debit_account_id AS account_id, e.debit_seq AS seq, e.debit_net AS net_minor, e.amount_minor AS change_minor,
         e.credit_account_id AS other_account_id, e.transaction_id, e.n, e.currency, e.recorded_at, e.effective_at, e.effective_on
    FROM ledger.entries e
  UNION ALL
  SELECT e.tenant_id, e.credit_account_id, e.credit_seq, e.credit_net, -e.amount_minor,
         e.debit_account_id, e.transaction_id, e.n, e.currency, e.recorded_at, e.effective_at, e.effective_on
    FROM ledger.entries e;
COMMENT ON VIEW ledger.legs IS 'Entries seen from each of their two accounts: number, signed change (debit positive) and running net';

GRANT SELECT ON ledger.balances, ledger.legs TO headgate_app, headgate_readonly;
