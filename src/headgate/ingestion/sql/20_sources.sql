-- How each source fares, for people and screens.
CREATE OR REPLACE VIEW ingestion.source_health WITH (security_invoker = true) AS
  SELECT s.tenant_id, s.name, s.connector, s.source, s.place, s.settings, s.every_seconds, s.login, s.set_at, s.set_by,
         t.due_at, t.not_before, t.last_success_at, t.last_failure_at, t.last_failure, coalesce(t.failures, 0) AS failures,
         t.failing_since,
         CASE WHEN coalesce(t.failures, 0) < 5 THEN 'closed'
              WHEN t.last_failure_at + interval '30 seconds' > clock_timestamp() THEN 'open'
              ELSE 'half_open' END AS breaker,
         extract(epoch FROM clock_timestamp() - coalesce(t.last_success_at, s.set_at))::bigint AS lag_seconds,
         coalesce(t.items_taken, 0) AS items_taken, t.newest_at,
         (SELECT count(*) FROM ingestion.source_gaps g
           WHERE g.tenant_id = s.tenant_id AND g.name = s.name AND g.place = s.place
             AND (SELECT count(DISTINCT i.sequence_no) FROM ingestion.source_items i
                   WHERE i.tenant_id = g.tenant_id AND i.name = g.name AND i.place = g.place
                     AND i.sequence_no BETWEEN g.first_no AND g.last_no) <= g.last_no - g.first_no) AS gaps
    FROM (SELECT DISTINCT ON (tenant_id, name) tenant_id, name, connector, source, place, settings, every_seconds, login,
                 set_at, set_by, is_active
            FROM ingestion.sources
           ORDER BY tenant_id, name, set_at DESC) s
    LEFT JOIN ingestion.source_states t ON t.tenant_id = s.tenant_id AND t.name = s.name
   WHERE s.is_active;
COMMENT ON VIEW ingestion.source_health IS
  'Every source that is fetched, with its health: the breaker is open for 30 s after the fifth failure in a row, then half open; lag is how long ago it was last read to its end';
GRANT SELECT ON ingestion.source_health TO headgate_app, headgate_readonly;

-- For the metrics: a number of the whole installation.
CREATE OR REPLACE FUNCTION ingestion.sources_failing() RETURNS bigint LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*)
    FROM ingestion.source_states t
   WHERE t.failures >= 5
     AND (SELECT s.is_active FROM ingestion.sources s
           WHERE s.tenant_id = t.tenant_id AND s.name = t.name
           ORDER BY s.set_at DESC LIMIT 1);
$$;
COMMENT ON FUNCTION ingestion.sources_failing() IS 'How many sources of all tenants have failed five times in a row or more';
ALTER FUNCTION ingestion.sources_failing() OWNER TO headgate_resolver;
REVOKE EXECUTE ON FUNCTION ingestion.sources_failing() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingestion.sources_failing() TO headgate_app;
