-- The ground: what every schema stands on. Roles are made by the runner before the first migration (core/roles.py).
CREATE SCHEMA core;
COMMENT ON SCHEMA core IS 'What every schema stands on: context, isolation, append-only, partitions, ids';
GRANT USAGE ON SCHEMA core TO PUBLIC;

-- Nobody executes a function by default: each is granted by name.
ALTER DEFAULT PRIVILEGES FOR ROLE headgate_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE headgate_poster REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE headgate_resolver REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Context ------------------------------------------------------------------------------------------------------------
-- After a transaction a setting is '' on a pooled connection, not NULL: hence nullif everywhere.
CREATE FUNCTION core.tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('headgate.tenant_id', true), '')::uuid $$;
COMMENT ON FUNCTION core.tenant_id() IS 'The tenant in context, or NULL';

CREATE FUNCTION core.require_tenant() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
  IF nullif(current_setting('headgate.tenant_id', true), '') IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG001',
      MESSAGE = 'no tenant in context: set headgate.tenant_id for this transaction before writing';
  END IF;
  RETURN current_setting('headgate.tenant_id')::uuid;
END $$;
COMMENT ON FUNCTION core.require_tenant() IS 'The tenant in context; raises HG001 where there is none';

CREATE FUNCTION core.actor_type() RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT coalesce(nullif(current_setting('headgate.actor_type', true), ''), 'human') $$;
COMMENT ON FUNCTION core.actor_type() IS 'system, human or ai; whoever comes without a context is human';
CREATE FUNCTION core.actor_id() RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT coalesce(nullif(current_setting('headgate.actor', true), ''), session_user::text) $$;
COMMENT ON FUNCTION core.actor_id() IS 'Who acts: the context''s actor, else the database login';
CREATE FUNCTION core.person_id() RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('headgate.person_id', true), '') $$;
COMMENT ON FUNCTION core.person_id() IS 'The person behind the actor, where there is one: four eyes compare persons, not logins';
CREATE FUNCTION core.correlation_id() RETURNS text LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('headgate.correlation_id', true), '') $$;
COMMENT ON FUNCTION core.correlation_id() IS 'What ties together everything done for one request, file or job';
CREATE FUNCTION core.check_full() RETURNS boolean LANGUAGE sql STABLE
  AS $$ SELECT coalesce(nullif(current_setting('headgate.check_full', true), ''), 'on')::boolean $$;
COMMENT ON FUNCTION core.check_full() IS 'Whether invariants judge every row (the default) or go on from their verified watermark';

-- Ids ----------------------------------------------------------------------------------------------------------------
CREATE FUNCTION core.new_id(prefix text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  alphabet CONSTANT text := '0123456789abcdefghjkmnpqrstvwxyz';
  milliseconds bigint := floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint;
  bytes bytea := substring(int8send(milliseconds) FROM 3) || substring(uuid_send(gen_random_uuid()) FROM 7);
  bits bit varying;
  body text := '';
BEGIN
  -- Bytes 7 to 16 are those of a version 4 UUID: its variant bits stand already, its version nibble becomes 7.
  bytes := set_byte(bytes, 6, (get_byte(bytes, 6) & 15) | 112);
  bits := B'00' || ('x' || encode(bytes, 'hex'))::bit(128);
  FOR n IN 0 .. 25 LOOP
    body := body || substr(alphabet, substring(bits FROM n * 5 + 1 FOR 5)::bit(5)::int + 1, 1);
  END LOOP;
  RETURN prefix || '_' || body;
END $$;
COMMENT ON FUNCTION core.new_id(text) IS 'A fresh id, prefix_ and a UUIDv7 in 26 characters of Crockford base32: the twin of core/ids.py';

-- Append-only --------------------------------------------------------------------------------------------------------
CREATE FUNCTION core.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'HG002', MESSAGE = format('%s is append-only: %s is refused; a correction is a new row that points at the old one',
    TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, TG_OP);
END $$;
COMMENT ON FUNCTION core.refuse_change() IS 'Statement trigger: refuses UPDATE, DELETE and TRUNCATE, also where no row is touched';

CREATE FUNCTION core.append_only(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change()', target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', target);
END $$;
COMMENT ON FUNCTION core.append_only(regclass) IS 'Makes a table append-only against app, owner and superuser alike, replication included';

-- Isolation ----------------------------------------------------------------------------------------------------------
-- A read without context gives no rows; a write without context raises HG001. The sub-select makes the tenant a constant
-- of the plan, read once a statement.
CREATE FUNCTION core.isolate(target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  reading CONSTANT text := '(tenant_id = (SELECT nullif(current_setting(''headgate.tenant_id'', true), '''')::uuid))';
  writing CONSTANT text := '(tenant_id = (SELECT core.require_tenant()))';
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY tenant_reads ON %s FOR SELECT USING %s', target, reading);
  EXECUTE format('CREATE POLICY tenant_inserts ON %s FOR INSERT WITH CHECK %s', target, writing);
  EXECUTE format('CREATE POLICY tenant_updates ON %s FOR UPDATE USING %s WITH CHECK %s', target, writing, writing);
  EXECUTE format('CREATE POLICY tenant_deletes ON %s FOR DELETE USING %s', target, writing);
END $$;
COMMENT ON FUNCTION core.isolate(regclass) IS 'Row-level security, enabled and forced: a tenant sees and writes its own rows only';

-- Partitions ---------------------------------------------------------------------------------------------------------
-- A partition can be addressed by its own name, so it wears its parent's policies and triggers itself.
CREATE FUNCTION core.adopt_partition(child regclass, parent regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = parent)
     AND NOT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = child) THEN
    PERFORM core.isolate(child);
  END IF;
  IF EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = parent AND tgname = 'append_only') THEN
    PERFORM core.append_only(child);
  END IF;
END $$;
COMMENT ON FUNCTION core.adopt_partition(regclass, regclass) IS 'Gives a partition the row security and the append-only trigger of its parent';

CREATE FUNCTION core.partition_by_month(parent regclass, months_ahead integer, from_month date DEFAULT NULL) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  schema_name text; table_name text; month date; last_month date; child text; made integer := 0;
BEGIN
  SELECT n.nspname, c.relname INTO schema_name, table_name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = parent;
  child := format('%I.%I', schema_name, table_name || '_rest');
  IF to_regclass(child) IS NULL THEN
    EXECUTE format('CREATE TABLE %s PARTITION OF %s DEFAULT', child, parent);
    EXECUTE format('COMMENT ON TABLE %s IS %L', child, 'Rows of ' || schema_name || '.' || table_name || ' outside every month made so far');
    PERFORM core.adopt_partition(child::regclass, parent);
  END IF;
  month := date_trunc('month', coalesce(from_month, (clock_timestamp() AT TIME ZONE 'UTC')::date));
  last_month := date_trunc('month', (clock_timestamp() AT TIME ZONE 'UTC')::date) + make_interval(months => months_ahead);
  WHILE month <= last_month LOOP
    child := format('%I.%I', schema_name, table_name || to_char(month, '"_"YYYY"_"MM'));
    IF to_regclass(child) IS NULL THEN
      EXECUTE format('CREATE TABLE %s PARTITION OF %s FOR VALUES FROM (%L) TO (%L)', child, parent,
        to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
      EXECUTE format('COMMENT ON TABLE %s IS %L', child, 'One month of ' || schema_name || '.' || table_name);
      PERFORM core.adopt_partition(child::regclass, parent);
      made := made + 1;
    END IF;
    month := month + interval '1 month';
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION core.partition_by_month(regclass, integer, date) IS 'Makes the missing monthly partitions of a table, from this month (or an earlier one) to months_ahead, and the default one';

-- Status moves -------------------------------------------------------------------------------------------------------
-- core.check_transition(entity, transitions table, column): the move from the old to the new value of the column must stand
-- in the table; an insert is a move from '' (nothing).
CREATE FUNCTION core.check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  entity CONSTANT text := TG_ARGV[0];
  status_column CONSTANT text := coalesce(TG_ARGV[2], 'status');
  status_before text := ''; status_after text := to_jsonb(NEW) ->> status_column; legal boolean;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    status_before := to_jsonb(OLD) ->> status_column;
    IF status_before = status_after THEN RETURN NEW; END IF;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE entity = $1 AND from_status = $2 AND to_status = $3)', TG_ARGV[1])
    INTO legal USING entity, status_before, status_after;
  IF NOT legal THEN
    RAISE EXCEPTION USING ERRCODE = 'HG003',
      MESSAGE = format('a %s cannot go from %s to %s', entity, coalesce(nullif(status_before, ''), 'nothing'), status_after);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION core.check_transition() IS 'Row trigger: a status may only make the moves that its domain''s transitions table lists';

GRANT EXECUTE ON FUNCTION core.tenant_id(), core.require_tenant(), core.actor_type(), core.actor_id(), core.person_id(),
  core.correlation_id(), core.check_full(), core.new_id(text), core.refuse_change(), core.check_transition() TO PUBLIC;

-- Schemas ------------------------------------------------------------------------------------------------------------
CREATE FUNCTION core.make_schema(name text, purpose text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE SCHEMA %I', name);
  EXECUTE format('COMMENT ON SCHEMA %I IS %L', name, purpose);
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO headgate_app, headgate_readonly, headgate_poster, headgate_resolver', name);
  -- A function can only be handed to a role that may create in its schema; neither role can log in.
  EXECUTE format('GRANT CREATE ON SCHEMA %I TO headgate_poster, headgate_resolver', name);
END $$;
COMMENT ON FUNCTION core.make_schema(text, text) IS 'A domain''s schema, with the grants that every domain needs';
