-- Whose endpoint a webhook names.
CREATE OR REPLACE FUNCTION ingestion.webhook_endpoint(p_id text, p_provider_endpoint_id text)
  RETURNS TABLE (tenant_id uuid, id text, source text, scheme text, allowed_networks text[]) LANGUAGE plpgsql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- Two tenants that claim one name of the provider's are none.
  RETURN QUERY
    SELECT min(e.tenant_id::text)::uuid, min(e.id), min(e.source), min(e.scheme), min(e.networks)
      FROM (SELECT DISTINCT ON (w.tenant_id, w.id) w.tenant_id, w.id, w.source, w.scheme, w.is_active,
                   w.provider_endpoint_id, w.allowed_networks::text[] AS networks
              FROM ingestion.webhook_endpoints w
             WHERE w.id = ANY (CASE WHEN p_id IS NOT NULL THEN ARRAY[p_id]
                                    ELSE ARRAY(SELECT n.id FROM ingestion.webhook_endpoints n
                                                WHERE n.provider_endpoint_id = p_provider_endpoint_id) END)
             ORDER BY w.tenant_id, w.id, w.set_at DESC) e
     WHERE e.is_active AND (p_id IS NOT NULL OR e.provider_endpoint_id = p_provider_endpoint_id)
    HAVING count(*) = 1;
END $$;
COMMENT ON FUNCTION ingestion.webhook_endpoint(text, text) IS
  'The active endpoint of that id, or of that name of the provider''s where no id is given; no row for an unknown or ambiguous one';
ALTER FUNCTION ingestion.webhook_endpoint(text, text) OWNER TO headgate_resolver;
REVOKE EXECUTE ON FUNCTION ingestion.webhook_endpoint(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ingestion.webhook_endpoint(text, text) TO headgate_app;
