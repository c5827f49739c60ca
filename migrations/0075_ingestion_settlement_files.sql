-- Files of providers: what became of each movement, with its fee. They are no statement of an account.
ALTER TABLE ingestion.artifacts DROP CONSTRAINT artifacts_kind_is_known;
ALTER TABLE ingestion.artifacts ADD CONSTRAINT artifacts_kind_is_known
  CHECK (kind IN ('unknown', 'statement', 'returns', 'register', 'rates', 'settlement'));
