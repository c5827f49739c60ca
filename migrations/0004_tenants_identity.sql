-- Who is served and who may act: tenants, their legal entities, persons and API keys.
SELECT core.make_schema('tenants', 'Tenants, legal entities, persons, roles and API keys');

-- Tenants ------------------------------------------------------------------------------------------------------------
CREATE TABLE tenants.tenants (
  id uuid NOT NULL CONSTRAINT tenants_pkey PRIMARY KEY,
  slug text COLLATE "C" NOT NULL CONSTRAINT tenants_slug_unique UNIQUE
    CONSTRAINT tenants_slug_shape CHECK (slug ~ '^[a-z][a-z0-9-]{1,39}$'),
  name text NOT NULL CONSTRAINT tenants_name_length CHECK (length(name) BETWEEN 1 AND 200),
  livemode boolean NOT NULL,
  -- A bigint and not an interval: '1 mon -30 days' equals the zero interval and still moves a clock.
  clock_offset_microseconds bigint NOT NULL DEFAULT 0
    CONSTRAINT tenants_clock_within_a_century CHECK (abs(clock_offset_microseconds) <= 3155760000000000),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT tenants_live_clock_is_real CHECK (NOT livemode OR clock_offset_microseconds = 0)
);
COMMENT ON TABLE tenants.tenants IS 'Who is served. Live or test for ever; only a test tenant''s clock can be moved';
COMMENT ON COLUMN tenants.tenants.clock_offset_microseconds IS 'What tenants.now() adds to real time';

ALTER TABLE tenants.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants.tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_reads ON tenants.tenants FOR SELECT
  USING (id = (SELECT nullif(current_setting('headgate.tenant_id', true), '')::uuid));
CREATE POLICY tenant_inserts ON tenants.tenants FOR INSERT WITH CHECK (id = (SELECT core.require_tenant()));
CREATE POLICY tenant_updates ON tenants.tenants FOR UPDATE
  USING (id = (SELECT core.require_tenant())) WITH CHECK (id = (SELECT core.require_tenant()));
CREATE POLICY tenant_deletes ON tenants.tenants FOR DELETE USING (id = (SELECT core.require_tenant()));
CREATE POLICY resolver_reads ON tenants.tenants FOR SELECT TO headgate_resolver USING (true);
-- A tenant is created in its own, fresh context by `headgate tenants create`; no route of the API does it.
GRANT SELECT, INSERT, UPDATE (name, clock_offset_microseconds) ON tenants.tenants TO headgate_app;
GRANT SELECT ON tenants.tenants TO headgate_readonly, headgate_resolver;

CREATE FUNCTION tenants.refuse_another_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.id, OLD.slug, OLD.livemode) IS DISTINCT FROM (NEW.id, NEW.slug, NEW.livemode) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG300',
      MESSAGE = format('tenant %s keeps its id, slug and mode for ever: create another tenant', OLD.slug);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION tenants.refuse_another_identity() IS 'Row trigger: a tenant''s id, slug and livemode never change';
CREATE TRIGGER identity_is_for_ever BEFORE UPDATE ON tenants.tenants FOR EACH ROW EXECUTE FUNCTION tenants.refuse_another_identity();
ALTER TABLE tenants.tenants ENABLE ALWAYS TRIGGER identity_is_for_ever;

-- Legal entities -----------------------------------------------------------------------------------------------------
CREATE TABLE tenants.legal_entities (
  tenant_id uuid NOT NULL CONSTRAINT legal_entities_tenant REFERENCES tenants.tenants (id),
  id text COLLATE "C" NOT NULL DEFAULT core.new_id('le')
    CONSTRAINT legal_entities_id_shape CHECK (id ~ '^le_[0-9a-hjkmnp-tv-z]{26}$'),
  name text NOT NULL CONSTRAINT legal_entities_name_length CHECK (length(name) BETWEEN 1 AND 200),
  time_zone text NOT NULL,
  currency text COLLATE "C" NOT NULL CONSTRAINT legal_entities_currency_shape CHECK (currency ~ '^[A-Z]{3}$'),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT legal_entities_pkey PRIMARY KEY (tenant_id, id)
);
COMMENT ON TABLE tenants.legal_entities IS 'The companies whose money is kept apart; days are counted in their time zone';
SELECT core.isolate('tenants.legal_entities');
GRANT SELECT, INSERT ON tenants.legal_entities TO headgate_app;
GRANT SELECT ON tenants.legal_entities TO headgate_readonly, headgate_poster;

CREATE FUNCTION tenants.check_time_zone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- AT TIME ZONE alone would take 'Foo3' as a POSIX zone with the sign reversed.
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE name = NEW.time_zone) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG301',
      MESSAGE = format('''%s'' is no time zone: write an IANA name, as America/Chicago', left(NEW.time_zone, 60));
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION tenants.check_time_zone() IS 'Row trigger: a time zone is a name that PostgreSQL knows';
CREATE TRIGGER time_zone_is_known BEFORE INSERT OR UPDATE OF time_zone ON tenants.legal_entities
  FOR EACH ROW EXECUTE FUNCTION tenants.check_time_zone();

-- Persons ------------------------------------------------------------------------------------------------------------
CREATE TABLE tenants.users (
  tenant_id uuid NOT NULL CONSTRAINT users_tenant REFERENCES tenants.tenants (id),
  id text COLLATE "C" NOT NULL DEFAULT core.new_id('usr')
    CONSTRAINT users_id_shape CHECK (id ~ '^usr_[0-9a-hjkmnp-tv-z]{26}$'),
  email text NOT NULL CONSTRAINT users_email_shape CHECK (email ~ '^[^@\s]{1,64}@[^@\s]{1,190}$' AND email = lower(email)),
  display_name text NOT NULL CONSTRAINT users_display_name_length CHECK (length(display_name) BETWEEN 1 AND 100),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id),
  -- One person, one row: four eyes compare persons, and a second account of the same human would be a third eye.
  CONSTRAINT users_email_unique UNIQUE (tenant_id, email)
);
COMMENT ON TABLE tenants.users IS 'The persons behind keys and sessions: four eyes compare them, not their logins';
SELECT core.isolate('tenants.users');
GRANT SELECT, INSERT ON tenants.users TO headgate_app;
GRANT SELECT ON tenants.users TO headgate_readonly;

-- API keys -----------------------------------------------------------------------------------------------------------
CREATE TABLE tenants.api_keys (
  tenant_id uuid NOT NULL CONSTRAINT api_keys_tenant REFERENCES tenants.tenants (id),
  id text COLLATE "C" NOT NULL DEFAULT core.new_id('key')
    CONSTRAINT api_keys_id_shape CHECK (id ~ '^key_[0-9a-hjkmnp-tv-z]{26}$'),
  key_hash bytea NOT NULL CONSTRAINT api_keys_hash_is_sha256 CHECK (length(key_hash) = 32),
  last_four text COLLATE "C" NOT NULL CONSTRAINT api_keys_last_four_length CHECK (length(last_four) = 4),
  name text NOT NULL CONSTRAINT api_keys_name_length CHECK (length(name) BETWEEN 1 AND 100),
  role text COLLATE "C" NOT NULL
    CONSTRAINT api_keys_role_known CHECK (role IN ('admin', 'operator', 'finance', 'compliance', 'readonly')),
  user_id text COLLATE "C",
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL DEFAULT 'infinity',
  revoked_at timestamptz,
  CONSTRAINT api_keys_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT api_keys_hash_unique UNIQUE (tenant_id, key_hash),
  CONSTRAINT api_keys_user FOREIGN KEY (tenant_id, user_id) REFERENCES tenants.users (tenant_id, id)
);
COMMENT ON TABLE tenants.api_keys IS 'Keys of the API, as hashes of 256 random bits: the key itself is shown once and kept nowhere';
COMMENT ON COLUMN tenants.api_keys.expires_at IS 'Real time, also for a test tenant: moving its clock must not lock its owner out';
CREATE INDEX api_keys_by_hash ON tenants.api_keys (key_hash);
SELECT core.isolate('tenants.api_keys');
CREATE POLICY resolver_reads ON tenants.api_keys FOR SELECT TO headgate_resolver USING (true);
GRANT SELECT, INSERT, UPDATE (revoked_at) ON tenants.api_keys TO headgate_app;
GRANT SELECT ON tenants.api_keys TO headgate_resolver;
-- Not the hash: a reader has no use for it.
GRANT SELECT (tenant_id, id, last_four, name, role, user_id, created_at, expires_at, revoked_at) ON tenants.api_keys TO headgate_readonly;

CREATE FUNCTION tenants.refuse_unrevoking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at THEN
    RAISE EXCEPTION USING ERRCODE = 'HG302', MESSAGE = format('key %s is revoked for ever: make a new one', OLD.id);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION tenants.refuse_unrevoking() IS 'Row trigger: a revoked key stays revoked';
CREATE TRIGGER revoked_is_for_ever BEFORE UPDATE ON tenants.api_keys FOR EACH ROW EXECUTE FUNCTION tenants.refuse_unrevoking();
ALTER TABLE tenants.api_keys ENABLE ALWAYS TRIGGER revoked_is_for_ever;
