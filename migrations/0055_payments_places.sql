-- Where a bank's files are handed over and fetched: a folder of this machine, unless a tenant names a server.
CREATE TABLE payments.places (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  bank text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  host text COLLATE "C",
  port integer,
  username text COLLATE "C",
  host_keys text[] COLLATE "C" NOT NULL DEFAULT '{}',
  root text COLLATE "C" NOT NULL DEFAULT '',
  login text,
  login_sealed bytea,
  timeout_seconds integer NOT NULL DEFAULT 30,
  set_by text NOT NULL DEFAULT core.actor_id(),
  set_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT places_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT places_kind_is_known CHECK (kind IN ('folder', 'sftp')),
  CONSTRAINT places_login_is_known CHECK (login IN ('key', 'password')),
  CONSTRAINT places_of_a_server_are_whole CHECK (
    CASE kind WHEN 'sftp' THEN num_nulls(host, port, username, login, login_sealed) = 0
              ELSE num_nonnulls(host, port, username, login, login_sealed) = 0 END),
  CONSTRAINT places_port_is_one CHECK (port BETWEEN 1 AND 65535),
  CONSTRAINT places_timeout_is_sound CHECK (timeout_seconds BETWEEN 1 AND 600)
);
CREATE INDEX places_of_bank ON payments.places (tenant_id, bank, id DESC);
COMMENT ON TABLE payments.places IS 'Where a tenant''s files of a bank are handed over and fetched; the newest row of a bank counts, and none is the folder of this machine';
COMMENT ON COLUMN payments.places.bank IS 'The bank profile''s name';
COMMENT ON COLUMN payments.places.host_keys IS 'The server''s keys that are trusted: whole, or as SHA256 fingerprints; with none nothing is sent';
COMMENT ON COLUMN payments.places.root IS 'The folder at the server under which the profile''s folders lie; empty: where the login arrives';
COMMENT ON COLUMN payments.places.login_sealed IS 'The private key or password, sealed';
SELECT core.isolate('payments.places'), core.append_only('payments.places');

CREATE TABLE payments.fetched_files (
  tenant_id uuid NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  bank text COLLATE "C" NOT NULL,
  folder text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  sha256 bytea NOT NULL,
  size_bytes bigint NOT NULL,
  modified_at timestamptz,
  artifact_id text COLLATE "C",
  outcome text NOT NULL,
  fetched_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT fetched_files_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT fetched_files_artifact_fkey FOREIGN KEY (tenant_id, artifact_id) REFERENCES ingestion.artifacts (tenant_id, id),
  CONSTRAINT fetched_files_sha256_is_one CHECK (octet_length(sha256) = 32)
);
CREATE INDEX fetched_files_seen ON payments.fetched_files (tenant_id, bank, folder, name, size_bytes);
CREATE INDEX fetched_files_of_artifact ON payments.fetched_files (tenant_id, artifact_id);
COMMENT ON TABLE payments.fetched_files IS 'Files that a bank put for us and that were fetched: by name, size and time they are known again without being read';
COMMENT ON COLUMN payments.fetched_files.modified_at IS 'As the bank''s server says it; none where it does not';
COMMENT ON COLUMN payments.fetched_files.outcome IS 'What became of it, in a line';
SELECT core.isolate('payments.fetched_files'), core.append_only('payments.fetched_files');

ALTER TABLE payments.delivery_tries ADD COLUMN place text COLLATE "C" NOT NULL DEFAULT 'folder';
COMMENT ON COLUMN payments.delivery_tries.place IS 'Where it was tried: elsewhere a file that is not found is not proved absent';

GRANT SELECT, INSERT ON payments.places, payments.fetched_files TO headgate_app;
GRANT SELECT ON payments.fetched_files TO headgate_readonly;
