-- Signing in happens before there is a tenant, so these look-ups belong to the resolver. They take hashes, never tokens.
CREATE OR REPLACE FUNCTION console.add_link(p_token_hash bytea, p_actor_id text, p_person_id text, p_grants jsonb, p_life interval)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO console.links (token_hash, actor_id, person_id, grants, expires_at)
  VALUES (p_token_hash, p_actor_id, p_person_id, p_grants, clock_timestamp() + p_life);
$$;
COMMENT ON FUNCTION console.add_link(bytea, text, text, jsonb, interval) IS 'A one-time link into the console';

CREATE OR REPLACE FUNCTION console.use_link(p_token_hash bytea, p_session_hash bytea, p_life interval)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE link console.links;
BEGIN
  UPDATE console.links SET used_at = clock_timestamp()
   WHERE token_hash = p_token_hash AND used_at IS NULL AND expires_at > clock_timestamp()
  RETURNING * INTO link;
  IF NOT FOUND THEN RETURN false; END IF;
  DELETE FROM console.sessions WHERE expires_at <= clock_timestamp();
  INSERT INTO console.sessions (token_hash, actor_id, person_id, grants, expires_at)
  VALUES (p_session_hash, link.actor_id, link.person_id, link.grants, clock_timestamp() + p_life);
  RETURN true;
END $$;
COMMENT ON FUNCTION console.use_link(bytea, bytea, interval) IS 'Turns a one-time link into a session; false where it was used or has expired';

CREATE OR REPLACE FUNCTION console.session(p_session_hash bytea)
RETURNS TABLE (actor_id text, person_id text, tenant_id uuid, slug text, name text, livemode boolean, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.actor_id, s.person_id, t.id, t.slug, t.name, t.livemode, g.role
    FROM console.sessions s
    CROSS JOIN LATERAL jsonb_to_recordset(s.grants) AS g (tenant uuid, role text)
    JOIN tenants.tenants t ON t.id = g.tenant
   WHERE s.token_hash = p_session_hash AND s.expires_at > clock_timestamp()
   ORDER BY t.slug;
$$;
COMMENT ON FUNCTION console.session(bytea) IS 'Who a cookie is and which tenants it may see; no rows where it is unknown or over';

CREATE OR REPLACE FUNCTION console.end_session(p_session_hash bytea)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM console.sessions WHERE token_hash = p_session_hash;
$$;
COMMENT ON FUNCTION console.end_session(bytea) IS 'Signs a browser out';

ALTER FUNCTION console.add_link(bytea, text, text, jsonb, interval) OWNER TO headgate_resolver;
ALTER FUNCTION console.use_link(bytea, bytea, interval) OWNER TO headgate_resolver;
ALTER FUNCTION console.session(bytea) OWNER TO headgate_resolver;
ALTER FUNCTION console.end_session(bytea) OWNER TO headgate_resolver;
GRANT EXECUTE ON FUNCTION console.add_link(bytea, text, text, jsonb, interval), console.use_link(bytea, bytea, interval),
  console.session(bytea), console.end_session(bytea) TO headgate_app;
