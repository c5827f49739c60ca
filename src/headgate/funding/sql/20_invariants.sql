-- Views that must be empty. Each row says what is wrong with what.
DROP VIEW IF EXISTS funding.invariant_deposits_posted;
CREATE VIEW funding.invariant_deposits_posted WITH (security_invoker = true) AS
SELECT d.id AS subject, format('deposit of %s minor units has no posting of its amount to %s', d.amount_minor,
                               CASE WHEN d.legal_entity_id IS NULL THEN 'suspense' ELSE 'its client''s funds' END) AS detail
  FROM funding.deposits d
 WHERE NOT EXISTS (
       SELECT FROM ledger.entries e
         JOIN ledger.accounts a ON a.tenant_id = e.tenant_id AND a.id = e.debit_account_id
         JOIN ledger.accounts c ON c.tenant_id = e.tenant_id AND c.id = e.credit_account_id
        WHERE e.tenant_id = d.tenant_id AND e.transaction_id = d.transaction_id AND e.amount_minor = d.amount_minor
          AND e.currency = d.currency AND a.purpose = 'CASH'
          AND CASE WHEN d.legal_entity_id IS NULL THEN c.purpose = 'SUSPENSE'
                   ELSE c.purpose = 'CLIENT_FUNDS' AND c.legal_entity_id = d.legal_entity_id END);
COMMENT ON VIEW funding.invariant_deposits_posted IS 'Every deposit stands in the book with its amount, in its client''s funds or, of an unknown payer, in suspense.';

DROP VIEW IF EXISTS funding.invariant_evaluations_numbered;
CREATE VIEW funding.invariant_evaluations_numbered WITH (security_invoker = true) AS
SELECT g.subject, format('%s judgements, the last is number %s', count(*), max(g.evaluation_no)) AS detail
  FROM funding.gate_evaluations g
 GROUP BY g.tenant_id, g.subject
HAVING count(*) <> max(g.evaluation_no);
COMMENT ON VIEW funding.invariant_evaluations_numbered IS 'A subject''s judgements are numbered from 1 without a gap: none was lost.';

GRANT SELECT ON funding.invariant_deposits_posted, funding.invariant_evaluations_numbered TO headgate_app, headgate_readonly;
