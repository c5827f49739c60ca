-- The gate for operators' SQL: stable names, amounts in major units. A public contract: columns are added, and never renamed.

CREATE OR REPLACE VIEW public.psp_gate_evaluation WITH (security_invoker = true) AS
SELECT g.tenant_id, g.funding_request_id, g.id AS gate_evaluation_id, g.gate_type, g.passed, g.reason,
       core.major(g.required_minor, g.currency) AS required_amount,
       core.major(g.available_minor, g.currency) AS available_balance,
       g.policy_violated, g.recorded_at AS created_at, g.legal_entity_id, g.subject, g.evaluation_no, g.currency,
       core.major(g.posted_minor, g.currency) AS posted_balance,
       core.major(g.reserved_minor, g.currency) AS reserved_balance,
       core.major(g.own_reserved_minor, g.currency) AS own_reserved,
       core.major(g.shortfall_minor, g.currency) AS shortfall,
       g.client_message, g.funded_until
  FROM funding.gate_evaluations g;
COMMENT ON VIEW public.psp_gate_evaluation IS 'Every judgement of the gate with the figures it saw; available counts the subject''s own reservations back';

CREATE OR REPLACE VIEW public.psp_funding_request WITH (security_invoker = true) AS
SELECT r.tenant_id, r.legal_entity_id, r.id AS psp_funding_request_id, core.major(r.amount_minor, r.currency) AS amount, r.status,
       r.block_reason, r.recorded_at AS created_at, r.currency, r.rail, r.due_on AS due_date, r.subject,
       core.major(r.asked_minor, r.currency) AS asked_amount, r.idempotency_key, r.changed_at AS updated_at
  FROM funding.requests r;
COMMENT ON VIEW public.psp_funding_request IS 'Money asked for: amount is the whole need, asked_amount what the client was asked to bring';

GRANT SELECT ON public.psp_funding_request TO headgate_app, headgate_operator, headgate_readonly;
GRANT SELECT ON public.psp_gate_evaluation TO headgate_app, headgate_operator, headgate_readonly;
