-- The chart as a tree, and what was brought in from outside.

CREATE INDEX accounts_by_parent ON ledger.accounts (tenant_id, parent_id) WHERE parent_id IS NOT NULL;

-- Whoever writes it: the account above is of the same tenant and currency, and no account stands above itself. Moves in
-- one tenant's tree wait for each other, since two of them could close a circle that neither sees.
CREATE FUNCTION ledger.check_parent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_currency text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ledger.tree:' || NEW.tenant_id, 0));
  SELECT a.currency INTO v_currency FROM ledger.accounts a WHERE a.tenant_id = NEW.tenant_id AND a.id = NEW.parent_id;
  IF v_currency IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'HG105', MESSAGE = 'there is no such account to stand above it';
  ELSIF v_currency <> NEW.currency THEN
    RAISE EXCEPTION USING ERRCODE = 'HG112',
      MESSAGE = format('account %s is in %s and cannot stand under one in %s: a subtotal has one currency', NEW.code, NEW.currency, v_currency);
  END IF;
  IF EXISTS (
    WITH RECURSIVE above AS (
      SELECT NEW.parent_id AS id
      UNION
      SELECT a.parent_id FROM above b JOIN ledger.accounts a ON a.tenant_id = NEW.tenant_id AND a.id = b.id
       WHERE a.parent_id IS NOT NULL AND b.id <> NEW.id)
    SELECT FROM above WHERE id = NEW.id) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG112', MESSAGE = format('account %s would stand above itself', NEW.code);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION ledger.check_parent() IS 'Row trigger: the account above is there, in the same currency, and the chart stays a tree. Raises HG105, HG112';
CREATE TRIGGER accounts_form_a_tree BEFORE INSERT OR UPDATE OF parent_id ON ledger.accounts
  FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION ledger.check_parent();
ALTER TABLE ledger.accounts ENABLE ALWAYS TRIGGER accounts_form_a_tree;

CREATE TABLE ledger.imports (
  tenant_id uuid NOT NULL,
  file_hash bytea NOT NULL,
  imported_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind text COLLATE "C" NOT NULL,
  report jsonb NOT NULL,
  CONSTRAINT imports_pkey PRIMARY KEY (tenant_id, kind, file_hash),
  CONSTRAINT imports_hash_is_sha256 CHECK (octet_length(file_hash) = 32),
  CONSTRAINT imports_kind_is_known CHECK (kind IN ('opening_balances', 'book'))
);
COMMENT ON TABLE ledger.imports IS 'Files whose balances or whole book were taken in, once each, with the proof that was given';
SELECT core.isolate('ledger.imports'), core.append_only('ledger.imports');
GRANT SELECT ON ledger.imports TO headgate_app, headgate_readonly, headgate_poster;
GRANT INSERT ON ledger.imports TO headgate_poster;
