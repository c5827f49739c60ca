-- Sealing: who writes audit.blocks and audit.epochs, and what the sealer asks across tenants.
CREATE OR REPLACE FUNCTION audit.tenant_ids() RETURNS SETOF uuid
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  -- Steps from tenant to tenant through the primary key, so that a long log costs no more than a short one.
  WITH RECURSIVE of_events AS (
    (SELECT e.tenant_id FROM audit.events e ORDER BY e.tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT e.tenant_id FROM audit.events e WHERE e.tenant_id > t.tenant_id ORDER BY e.tenant_id LIMIT 1)
      FROM of_events t
     WHERE t.tenant_id IS NOT NULL
  ), of_blocks AS (
    (SELECT b.tenant_id FROM audit.blocks b ORDER BY b.tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT b.tenant_id FROM audit.blocks b WHERE b.tenant_id > t.tenant_id ORDER BY b.tenant_id LIMIT 1)
      FROM of_blocks t
     WHERE t.tenant_id IS NOT NULL
  )
  SELECT tenant_id FROM of_events WHERE tenant_id IS NOT NULL
  UNION
  SELECT tenant_id FROM of_blocks WHERE tenant_id IS NOT NULL
  ORDER BY 1
$$;
COMMENT ON FUNCTION audit.tenant_ids() IS 'Every tenant that the log knows, by its events or by its blocks';
ALTER FUNCTION audit.tenant_ids() OWNER TO headgate_resolver;
GRANT EXECUTE ON FUNCTION audit.tenant_ids() TO headgate_app, headgate_readonly;

CREATE OR REPLACE FUNCTION audit.backlog(OUT tenant_id uuid, OUT unsealed_since timestamptz, OUT is_final boolean) RETURNS SETOF record
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT t.tenant_id, e.event_time,
         e.epoch < audit.current_epoch() OR e.xid < pg_snapshot_xmin(pg_current_snapshot())
    FROM audit.tenant_ids() AS t (tenant_id)
    LEFT JOIN LATERAL (
      SELECT b.epoch, b.last_xid, b.last_id
        FROM audit.blocks b
       WHERE b.tenant_id = t.tenant_id
       ORDER BY b.number DESC
       LIMIT 1) b ON true
    CROSS JOIN LATERAL (
      SELECT e.event_time, e.epoch, e.xid
        FROM audit.events e
       WHERE e.tenant_id = t.tenant_id
         AND (e.epoch, e.xid, e.id) > (coalesce(b.epoch, 0), coalesce(b.last_xid, '0'::xid8), coalesce(b.last_id, 0))
       ORDER BY e.epoch, e.xid, e.id
       LIMIT 1) e
$$;
COMMENT ON FUNCTION audit.backlog() IS 'Tenants with unsealed events: the time of the first, and whether every transaction before it has ended, so that it can be sealed';
ALTER FUNCTION audit.backlog() OWNER TO headgate_resolver;
GRANT EXECUTE ON FUNCTION audit.backlog() TO headgate_app, headgate_readonly;

CREATE OR REPLACE FUNCTION audit.append_block(
  number bigint, formula smallint, epoch integer, first_xid xid8, first_id bigint, last_xid xid8, last_id bigint,
  event_ids bigint[], event_hashes bytea, suspect_ids bigint[], previous_hash bytea, block_hash bytea, sealed_at timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tenant CONSTANT uuid := core.require_tenant();
  head audit.blocks;
BEGIN
  SELECT b.* INTO head FROM audit.blocks b WHERE b.tenant_id = tenant ORDER BY b.number DESC LIMIT 1;
  IF append_block.number <> coalesce(head.number, 0) + 1
     OR append_block.previous_hash <> coalesce(head.block_hash, sha256('headgate.audit.genesis.1'::bytea || uuid_send(tenant)))
     OR (append_block.epoch, append_block.first_xid, append_block.first_id)
        <= (coalesce(head.epoch, 0), coalesce(head.last_xid, '0'::xid8), coalesce(head.last_id, 0)) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG202',
      MESSAGE = format('block %s does not follow block %s of this tenant', append_block.number, coalesce(head.number, 0));
  END IF;
  INSERT INTO audit.blocks (tenant_id, number, formula, epoch, first_xid, first_id, last_xid, last_id, event_count, event_ids,
    event_hashes, suspect_ids, previous_hash, block_hash, sealed_at)
  VALUES (tenant, append_block.number, append_block.formula, append_block.epoch, append_block.first_xid, append_block.first_id,
    append_block.last_xid, append_block.last_id, cardinality(append_block.event_ids), append_block.event_ids,
    append_block.event_hashes, append_block.suspect_ids, append_block.previous_hash, append_block.block_hash, append_block.sealed_at);
END $$;
COMMENT ON FUNCTION audit.append_block(bigint, smallint, integer, xid8, bigint, xid8, bigint, bigint[], bytea, bigint[], bytea, bytea, timestamptz)
  IS 'Appends the next block of the tenant in context; refuses one that does not follow the last (HG202)';
ALTER FUNCTION audit.append_block(bigint, smallint, integer, xid8, bigint, xid8, bigint, bigint[], bytea, bigint[], bytea, bytea, timestamptz)
  OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION audit.append_block(bigint, smallint, integer, xid8, bigint, xid8, bigint, bigint[], bytea, bigint[], bytea, bytea, timestamptz)
  TO headgate_app;

-- Epochs -------------------------------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION audit.restore_suspected() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN e.system_identifier <> (SELECT c.system_identifier FROM pg_control_system() c)
      THEN 'the log was written on another server'
    WHEN EXISTS (SELECT FROM audit.tenant_ids() AS t (tenant_id)
                   CROSS JOIN LATERAL (SELECT b.epoch, b.last_xid FROM audit.blocks b WHERE b.tenant_id = t.tenant_id
                                        ORDER BY b.number DESC LIMIT 1) b
                  WHERE b.epoch = e.epoch AND b.last_xid >= pg_snapshot_xmax(pg_current_snapshot()))
      THEN 'transaction ids went backwards'
  END
    FROM audit.epochs e
   ORDER BY e.epoch DESC
   LIMIT 1
$$;
COMMENT ON FUNCTION audit.restore_suspected() IS 'Why this looks like a restore that no epoch announces; NULL where it does not';
ALTER FUNCTION audit.restore_suspected() OWNER TO headgate_resolver;
GRANT EXECUTE ON FUNCTION audit.restore_suspected() TO headgate_app, headgate_readonly;

CREATE OR REPLACE FUNCTION audit.start_epoch(reason text) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  started integer;
BEGIN
  INSERT INTO audit.epochs (epoch, reason, system_identifier)
  SELECT coalesce(max(e.epoch), 0) + 1, start_epoch.reason, (SELECT c.system_identifier FROM pg_control_system() c)
    FROM audit.epochs e
  RETURNING epoch INTO started;
  RETURN started;
END $$;
COMMENT ON FUNCTION audit.start_epoch(text) IS 'Announces a restore, before anything is written; for administrators';
ALTER FUNCTION audit.start_epoch(text) OWNER TO headgate_poster;

CREATE OR REPLACE FUNCTION audit.announce_restore() RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  why text;
BEGIN
  -- Several sealers start at once: one announces, the others then see it announced.
  PERFORM pg_advisory_xact_lock(hashtextextended('audit.announce_restore', 0));
  INSERT INTO audit.server_starts (started_at, system_identifier)
  SELECT pg_catalog.pg_postmaster_start_time(), c.system_identifier FROM pg_catalog.pg_control_system() c
  ON CONFLICT (started_at) DO NOTHING;
  why := audit.restore_suspected();
  RETURN CASE WHEN why IS NOT NULL THEN audit.start_epoch('restored: ' || why) END;
END $$;
COMMENT ON FUNCTION audit.announce_restore() IS 'Starts an epoch where this looks like a restore that nobody announced; NULL where there is nothing to announce';
ALTER FUNCTION audit.announce_restore() OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION audit.restore_suspected() TO headgate_poster;
GRANT EXECUTE ON FUNCTION audit.tenant_ids() TO headgate_resolver;
GRANT EXECUTE ON FUNCTION audit.announce_restore() TO headgate_app;
