-- What psp_funding_request and psp_settlement_event stand on since money is asked for.
GRANT SELECT ON funding.requests, funding.events TO headgate_operator;
GRANT SELECT (tenant_id, id, time_zone) ON tenants.legal_entities TO headgate_operator;
CREATE INDEX events_of_deposit ON funding.events (tenant_id, deposit_id) WHERE deposit_id IS NOT NULL;
