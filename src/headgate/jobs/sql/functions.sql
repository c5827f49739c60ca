-- What is due, across tenants.
CREATE OR REPLACE FUNCTION jobs.due(names text[], horizons interval[], own_names text[])
  RETURNS TABLE (tenant_id uuid, job text) LANGUAGE sql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id, wanted.job
      FROM tenants.tenants AS t
     CROSS JOIN unnest(names, horizons) AS wanted (job, horizon)
     CROSS JOIN LATERAL (SELECT clock_timestamp() + t.clock_offset_microseconds * interval '1 microsecond' AS tenant_now) AS c
      LEFT JOIN jobs.schedules AS s ON s.tenant_id = t.id AND s.job = wanted.job
     WHERE s.job IS NULL
        OR (s.claimed_until < clock_timestamp()
            -- Further off than any schedule lies: a test tenant's clock was put back.
            AND (s.next_at <= c.tenant_now OR s.next_at > c.tenant_now + wanted.horizon))
    UNION ALL
    SELECT '00000000-0000-0000-0000-000000000000'::uuid, wanted.job
      FROM unnest(own_names) AS wanted (job)
      LEFT JOIN jobs.schedules AS s ON s.tenant_id = '00000000-0000-0000-0000-000000000000'::uuid AND s.job = wanted.job
     WHERE s.job IS NULL OR (s.claimed_until < clock_timestamp() AND s.next_at <= clock_timestamp())
$$;
COMMENT ON FUNCTION jobs.due(text[], interval[], text[]) IS 'The jobs that are due now, by tenant; those of the installation under the nil UUID';
ALTER FUNCTION jobs.due(text[], interval[], text[]) OWNER TO headgate_resolver;
REVOKE EXECUTE ON FUNCTION jobs.due(text[], interval[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION jobs.due(text[], interval[], text[]) TO headgate_app;
