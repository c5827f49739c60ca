-- Handing events over once more: to the relay they are as new, to a consumer that handled them they are old.
CREATE OR REPLACE FUNCTION messaging.replay(p_ids bigint[]) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
  v_count integer;
BEGIN
  UPDATE messaging.outbox_messages o
     SET published_at = NULL, attempt_count = 0, available_at = clock_timestamp(), last_error = NULL
   WHERE o.tenant_id = v_tenant AND o.id = ANY (p_ids) AND o.published_at IS NOT NULL;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;
COMMENT ON FUNCTION messaging.replay(bigint[]) IS
  'Gives published events of the tenant in context to the relay again; says how many. What waits or was given up stays as it is';
ALTER FUNCTION messaging.replay(bigint[]) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION messaging.replay(bigint[]) TO headgate_app;
