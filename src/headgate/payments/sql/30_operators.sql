-- What banks said, for operators' SQL: stable names, amounts in major units. A public contract: columns are added, and never renamed.

CREATE OR REPLACE VIEW public.psp_settlement_event WITH (security_invoker = true) AS
SELECT e.tenant_id, e.id AS psp_settlement_event_id, e.provider, e.external_id AS external_trace_id, e.direction, e.rail,
       core.major(e.amount_minor, e.currency) AS amount, e.currency, e.status, e.return_code, e.effective_on AS effective_date,
       e.attempt_id AS payment_attempt_id, NULL::text COLLATE "C" AS funding_request_id, e.transaction_id || '.1' AS ledger_entry_id,
       e.recorded_at AS created_at, i.legal_entity_id, e.instruction_id AS payment_instruction_id, e.transaction_id
  FROM payments.settlement_events e
  LEFT JOIN payments.instructions i ON i.tenant_id = e.tenant_id AND i.id = e.instruction_id
UNION ALL
SELECT d.tenant_id, d.id, d.source, d.external_id, 'inbound', d.rail, core.major(d.amount_minor, d.currency), d.currency, 'settled',
       NULL, d.value_on, NULL,
       (SELECT min(f.funding_request_id) FROM funding.events f WHERE f.tenant_id = d.tenant_id AND f.deposit_id = d.id),
       d.transaction_id || '.1', d.recorded_at, d.legal_entity_id, NULL, d.transaction_id
  FROM funding.owned_deposits d
UNION ALL
-- Money that came another way than by a statement's line, and what was taken back of it.
SELECT f.tenant_id, f.id, f.provider, f.external_trace_id, 'inbound', f.rail, core.major(f.amount_minor, f.currency), f.currency,
       CASE f.kind WHEN 'returned' THEN 'returned' ELSE 'settled' END, f.return_code,
       (f.settled_at AT TIME ZONE e.time_zone)::date, NULL, f.funding_request_id, f.transaction_id || '.1', f.recorded_at,
       f.legal_entity_id, NULL, f.transaction_id
  FROM funding.events f
  JOIN tenants.legal_entities e ON e.tenant_id = f.tenant_id AND e.id = f.legal_entity_id
 WHERE f.deposit_id IS NULL;
COMMENT ON VIEW public.psp_settlement_event IS
  'What banks and providers said: our payments settled or returned, clients'' money come in; each names its entry in the book';

GRANT SELECT ON public.psp_settlement_event TO headgate_app, headgate_operator, headgate_readonly;
