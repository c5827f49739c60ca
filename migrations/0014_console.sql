-- Who is signed in to the console. A session may see several tenants, each with a role; the address says which is on the page.
SELECT core.make_schema('console', 'Sessions of the live console');

CREATE TABLE console.links (
  token_hash bytea NOT NULL,
  actor_id text NOT NULL,
  person_id text,
  grants jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CONSTRAINT links_pkey PRIMARY KEY (token_hash),
  CONSTRAINT links_token_is_a_sha256 CHECK (octet_length(token_hash) = 32),
  CONSTRAINT links_grant_something CHECK (jsonb_typeof(grants) = 'array' AND jsonb_array_length(grants) > 0)
);
COMMENT ON TABLE console.links IS 'One-time links into the console, by the hash of their token; only functions read or write them';

CREATE TABLE console.sessions (
  token_hash bytea NOT NULL,
  actor_id text NOT NULL,
  person_id text,
  grants jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  CONSTRAINT sessions_pkey PRIMARY KEY (token_hash),
  CONSTRAINT sessions_token_is_a_sha256 CHECK (octet_length(token_hash) = 32)
);
COMMENT ON TABLE console.sessions IS 'Signed-in browsers, by the hash of their cookie; only functions read or write them';

ALTER TABLE console.links ENABLE ROW LEVEL SECURITY;
ALTER TABLE console.links FORCE ROW LEVEL SECURITY;
ALTER TABLE console.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE console.sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY resolver_only ON console.links TO headgate_resolver USING (true) WITH CHECK (true);
CREATE POLICY resolver_only ON console.sessions TO headgate_resolver USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON console.links TO headgate_resolver;
GRANT SELECT, INSERT, DELETE ON console.sessions TO headgate_resolver;
