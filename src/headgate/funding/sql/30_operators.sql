-- The gate for operators' SQL: stable names, amounts in major units. A public contract: columns are added, and never renamed.

CREATE OR REPLACE VIEW public.psp_gate_evaluation WITH (security_invoker = true) AS
SELECT g.tenant_id, NULL::text COLLATE "C" AS funding_request_id, g.id AS gate_evaluation_id, g.gate_type, g.passed, g.reason,
       core.major(g.required_minor, g.currency) AS required_amount,
       core.major(g.available_minor, g.currency) AS available_balance,
       NULL::text AS policy_violated, g.recorded_at AS created_at, g.legal_entity_id, g.subject, g.evaluation_no, g.currency,
       core.major(g.posted_minor, g.currency) AS posted_balance,
       core.major(g.reserved_minor, g.currency) AS reserved_balance,
       core.major(g.own_reserved_minor, g.currency) AS own_reserved,
       core.major(g.shortfall_minor, g.currency) AS shortfall,
       g.client_message, g.funded_until
  FROM funding.gate_evaluations g;
COMMENT ON VIEW public.psp_gate_evaluation IS 'Every judgement of the gate with the figures it saw; available counts the subject''s own reservations back';

GRANT SELECT ON public.psp_gate_evaluation TO headgate_app, headgate_operator, headgate_readonly;
