-- What is not final yet, and what came in by day, are asked for by every page of funding: of 200,000 deposits either read
-- 4,445 pages, and reads some 25 now.
CREATE INDEX deposits_by_final ON funding.deposits (tenant_id, final_at);
CREATE INDEX deposits_by_value ON funding.deposits (tenant_id, currency, value_on);
