CREATE OR REPLACE VIEW recon.book_legs WITH (security_invoker = true) AS
  SELECT e.tenant_id, e.debit_account_id AS account_id, e.debit_seq AS seq, e.transaction_id, e.amount_minor AS signed_minor, e.effective_on
    FROM ledger.entries e
  UNION ALL
  SELECT e.tenant_id, e.credit_account_id, e.credit_seq, e.transaction_id, - e.amount_minor, e.effective_on
    FROM ledger.entries e;
COMMENT ON VIEW recon.book_legs IS 'The legs of the book by account: a debit raises a bank account''s mirror, a credit lowers it';

CREATE OR REPLACE VIEW recon.bank_lines WITH (security_invoker = true) AS
  SELECT r.tenant_id, l.account_id, r.id AS record_id, coalesce(r.reference, r.id) AS reference,
         CASE r.direction WHEN 'debit' THEN - r.amount_minor ELSE r.amount_minor END AS signed_minor,
         coalesce(r.booked_on, s.statement_on) AS booked_on
    FROM recon.links l
    JOIN ingestion.statements s ON s.tenant_id = l.tenant_id AND s.account_fingerprint = l.account_fingerprint AND s.currency = l.currency
    JOIN ingestion.records r ON r.tenant_id = s.tenant_id AND r.statement_id = s.id
   WHERE r.amount_minor > 0;
COMMENT ON VIEW recon.bank_lines IS 'The bank''s lines of every linked account, signed as its holder sees them; where the bank gave no reference, the record''s id is it';

CREATE OR REPLACE VIEW recon.invariant_matches_are_equal WITH (security_invoker = true) AS
  SELECT m.id::text AS subject, format('says %s over %s legs; its bank lines sum to %s, its %s legs to %s', m.signed_minor, m.legs,
           coalesce(b.total, 0), k.legs, coalesce(k.total, 0)) AS detail
    FROM recon.matches m
    CROSS JOIN LATERAL (
      SELECT sum(CASE r.direction WHEN 'debit' THEN - r.amount_minor ELSE r.amount_minor END) AS total
        FROM recon.match_records x JOIN ingestion.records r ON r.tenant_id = x.tenant_id AND r.id = x.record_id
       WHERE x.tenant_id = m.tenant_id AND x.match_id = m.id) b
    CROSS JOIN LATERAL (
      SELECT count(*) AS legs, sum(g.signed_minor) AS total
        FROM recon.match_legs x
        JOIN recon.book_legs g ON g.tenant_id = x.tenant_id AND g.account_id = x.account_id AND g.seq = x.seq
       WHERE x.tenant_id = m.tenant_id AND x.match_id = m.id AND x.account_id = m.account_id) k
   WHERE b.total IS DISTINCT FROM m.signed_minor OR k.total IS DISTINCT FROM m.signed_minor OR k.legs <> m.legs;
COMMENT ON VIEW recon.invariant_matches_are_equal IS 'Every match joins one bank line with legs of the book of exactly its amount';

CREATE OR REPLACE VIEW recon.invariant_variance_is_named WITH (security_invoker = true) AS
  SELECT c.id AS subject, format('is %s with %s differences named', c.status, d.named) AS detail
    FROM recon.reconciliations c
    CROSS JOIN LATERAL (SELECT count(*) AS named FROM recon.differences d WHERE d.tenant_id = c.tenant_id AND d.reconciliation_id = c.id) d
   WHERE (c.status = 'variance') <> (d.named > 0);
COMMENT ON VIEW recon.invariant_variance_is_named IS 'A run has a variance exactly where it names what differs';
GRANT SELECT ON recon.book_legs, recon.bank_lines, recon.invariant_matches_are_equal, recon.invariant_variance_is_named
  TO headgate_app, headgate_readonly;
