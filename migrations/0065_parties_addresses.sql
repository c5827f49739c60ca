-- Where a party is: a wire names the payee's town and country at least, and whoever is paid so has an address here.
CREATE TABLE parties.addresses (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  party_id text COLLATE "C" NOT NULL,
  country text NOT NULL,
  town text NOT NULL,
  street text NOT NULL,
  building text NOT NULL,
  post_code text NOT NULL,
  state text NOT NULL,
  source_ref text,
  actor_type text NOT NULL DEFAULT core.actor_type(),
  actor_id text NOT NULL DEFAULT core.actor_id(),
  said_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT addresses_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT addresses_party_fkey FOREIGN KEY (tenant_id, party_id) REFERENCES parties.parties (tenant_id, id),
  CONSTRAINT addresses_country_has_two_capitals CHECK (country ~ '^[A-Z]{2}$'),
  CONSTRAINT addresses_town_is_named CHECK (length(town) BETWEEN 1 AND 35),
  CONSTRAINT addresses_parts_are_short CHECK (length(street) <= 70 AND length(building) <= 16 AND length(post_code) <= 16
    AND length(state) <= 35)
);
COMMENT ON TABLE parties.addresses IS 'Postal addresses of parties, in parts: the last one said of a party holds; append-only, so that what a wire named stays known';
CREATE INDEX addresses_of_party ON parties.addresses (tenant_id, party_id, id DESC);
SELECT core.isolate('parties.addresses'), core.append_only('parties.addresses');
GRANT SELECT, INSERT ON parties.addresses TO headgate_app;
GRANT SELECT ON parties.addresses TO headgate_readonly;
