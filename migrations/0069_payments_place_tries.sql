-- What a try of a bank's server found, so that a page can say it: nothing of it holds a secret.
CREATE TABLE payments.place_tries (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  place_id bigint NOT NULL,
  bank text COLLATE "C" NOT NULL,
  is_ok boolean NOT NULL,
  host_key text NOT NULL,
  problem text,
  folders jsonb NOT NULL,
  tried_by text NOT NULL DEFAULT core.actor_id(),
  tried_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT place_tries_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT place_tries_place_fkey FOREIGN KEY (tenant_id, place_id) REFERENCES payments.places (tenant_id, id),
  CONSTRAINT place_tries_problem_is_none_where_well CHECK (NOT (is_ok AND problem IS NOT NULL))
);
CREATE INDEX place_tries_of_place ON payments.place_tries (tenant_id, place_id, id DESC);
COMMENT ON TABLE payments.place_tries IS 'Each time a person tried a bank''s server: whether it let us in, the key it showed, and what lay in its folders; append-only';
COMMENT ON COLUMN payments.place_tries.host_key IS 'The key that the server showed, as kind and SHA256 fingerprint; empty where it showed none';
COMMENT ON COLUMN payments.place_tries.folders IS 'Each folder that the bank''s profile names: its purpose, whether it was seen, how many files lie there';
SELECT core.isolate('payments.place_tries'), core.append_only('payments.place_tries');
GRANT SELECT, INSERT ON payments.place_tries TO headgate_app;
GRANT SELECT ON payments.place_tries TO headgate_readonly;
