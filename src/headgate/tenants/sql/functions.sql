-- The tenant's now, and the few look-ups that need no tenant: owned by the resolver, which may read across tenants.
CREATE OR REPLACE FUNCTION tenants.at(instant timestamptz) RETURNS timestamptz LANGUAGE plpgsql VOLATILE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenant CONSTANT uuid := core.require_tenant();
  moved bigint;
BEGIN
  SELECT clock_offset_microseconds INTO moved FROM tenants.tenants WHERE id = tenant;
  IF moved IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG303', MESSAGE = format('there is no tenant %s', tenant);
  END IF;
  RETURN at.instant + moved * interval '1 microsecond';
END $$;
COMMENT ON FUNCTION tenants.at(timestamptz) IS 'What the tenant''s clock shows at a real time: that time itself, unless a test tenant''s clock was moved';
ALTER FUNCTION tenants.at(timestamptz) OWNER TO headgate_resolver;
REVOKE EXECUTE ON FUNCTION tenants.at(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants.at(timestamptz) TO headgate_app, headgate_readonly, headgate_operator, headgate_poster;

CREATE OR REPLACE FUNCTION tenants.now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$ SELECT tenants.at(clock_timestamp()) $$;
COMMENT ON FUNCTION tenants.now() IS 'The tenant''s now: real time, which only a test tenant may have moved. Cutoffs, holds, expiry and schedules use it';
ALTER FUNCTION tenants.now() OWNER TO headgate_resolver;
REVOKE EXECUTE ON FUNCTION tenants.now() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants.now() TO headgate_app, headgate_readonly, headgate_operator, headgate_poster;

CREATE OR REPLACE FUNCTION tenants.authenticate(key_hash bytea)
  RETURNS TABLE (tenant_id uuid, key_id text, role text, person_id text, livemode boolean) LANGUAGE plpgsql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- The hash is unique within a tenant only, so that the table can be sharded; two bearers of one hash are none.
  RETURN QUERY
    SELECT k.tenant_id, k.id, k.role, k.user_id, t.livemode
      FROM tenants.api_keys AS k
      JOIN tenants.tenants AS t ON t.id = k.tenant_id
     WHERE k.key_hash = authenticate.key_hash
       AND k.revoked_at IS NULL
       AND k.expires_at > clock_timestamp()
       AND NOT EXISTS (SELECT FROM tenants.api_keys AS twin
                        WHERE twin.key_hash = k.key_hash AND (twin.tenant_id, twin.id) <> (k.tenant_id, k.id));
END $$;
COMMENT ON FUNCTION tenants.authenticate(bytea) IS 'Whose key this is, by the sha256 of the key; no row for an unknown, revoked or expired one';
ALTER FUNCTION tenants.authenticate(bytea) OWNER TO headgate_resolver;
REVOKE EXECUTE ON FUNCTION tenants.authenticate(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants.authenticate(bytea) TO headgate_app;

CREATE OR REPLACE FUNCTION tenants.tenant_ids() RETURNS SETOF uuid LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT id FROM tenants.tenants ORDER BY created_at, id $$;
COMMENT ON FUNCTION tenants.tenant_ids() IS 'Every tenant, oldest first: for jobs and commands that go through all of them';
ALTER FUNCTION tenants.tenant_ids() OWNER TO headgate_resolver;
REVOKE EXECUTE ON FUNCTION tenants.tenant_ids() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants.tenant_ids() TO headgate_app, headgate_readonly;

CREATE OR REPLACE FUNCTION tenants.directory()
  RETURNS TABLE (id uuid, slug text, name text, livemode boolean) LANGUAGE sql STABLE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT t.id, t.slug, t.name, t.livemode FROM tenants.tenants AS t ORDER BY t.created_at, t.id $$;
COMMENT ON FUNCTION tenants.directory() IS 'Every tenant with its names, oldest first: for the installation''s own commands';
ALTER FUNCTION tenants.directory() OWNER TO headgate_resolver;
REVOKE EXECUTE ON FUNCTION tenants.directory() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants.directory() TO headgate_app;
