-- What headgate_operator may read: what the psp_* views stand on, and no more of it than they show. The views run as whoever
-- reads them, so that row-level security holds.
GRANT USAGE ON SCHEMA ledger, funding, payments, tenants TO headgate_operator;
GRANT SELECT ON ledger.accounts, ledger.entries, ledger.reservations, ledger.pending_holds TO headgate_operator;
GRANT SELECT (tenant_id, id, key, source_type, source_id, description) ON ledger.transactions TO headgate_operator;
GRANT SELECT ON funding.gate_evaluations, funding.deposits TO headgate_operator;
GRANT SELECT ON payments.settlement_events TO headgate_operator;
GRANT SELECT (tenant_id, id, legal_entity_id, payroll_id) ON payments.instructions TO headgate_operator;
