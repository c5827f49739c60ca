-- Each tenant's data keys, wrapped by the installation's master key (core/secrets.py).
CREATE TABLE core.data_keys (
  tenant_id uuid NOT NULL,
  key_no integer NOT NULL CONSTRAINT data_keys_numbered_from_zero CHECK (key_no >= 0),
  wrapped bytea NOT NULL CONSTRAINT data_keys_wrapped_is_nonce_key_and_tag CHECK (octet_length(wrapped) = 12 + 32 + 16),
  kek_id text COLLATE "C" NOT NULL CONSTRAINT data_keys_kek_id_well_formed CHECK (kek_id ~ '^kek_[0-9a-f]{16}$'),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT data_keys_pkey PRIMARY KEY (tenant_id, key_no)
);
COMMENT ON TABLE core.data_keys IS 'A tenant''s keys, wrapped: number 0 makes fingerprints and never changes, the highest seals, all open';
COMMENT ON COLUMN core.data_keys.wrapped IS 'Nonce, AES-256-GCM ciphertext and tag of the 32-byte key; bound to tenant and number';
COMMENT ON COLUMN core.data_keys.kek_id IS 'Which master key wrapped it';
SELECT core.isolate('core.data_keys');

-- A key is never deleted: what it sealed could not be opened again. Only its wrapping changes, with the master key.
GRANT SELECT, INSERT, UPDATE (wrapped, kek_id) ON core.data_keys TO headgate_app;
