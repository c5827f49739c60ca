-- PostgreSQL evaluates every CHECK of a row at each UPDATE, whichever columns changed: four regular expressions for each
-- balance that a posting moves, a fifth of its time. They are looked at where their columns are written.

CREATE FUNCTION ledger.check_shapes() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_broken CONSTANT text := CASE
    WHEN NEW.code !~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$' THEN 'accounts_code_shape'
    WHEN NEW.code ~ '^[a-z]{2,6}_([0-9a-hjkmnp-tv-z]{13}|[0-9a-hjkmnp-tv-z]{26})$' THEN 'accounts_code_is_no_id'
    WHEN NEW.currency !~ '^[A-Z]{3}$' THEN 'accounts_currency_shape'
    WHEN NEW.purpose !~ '^[A-Z][A-Z0-9_]{0,59}$' THEN 'accounts_purpose_shape' END;
BEGIN
  IF v_broken IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', SCHEMA = 'ledger', TABLE = 'accounts', CONSTRAINT = v_broken,
      MESSAGE = format('an account with the code %L, the currency %L and the purpose %L breaks %I', NEW.code, NEW.currency, NEW.purpose, v_broken);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION ledger.check_shapes() IS 'Row trigger: the shapes of an account''s code, currency and purpose. Raises check_violation with the name of the rule';

CREATE TRIGGER accounts_have_shapes BEFORE INSERT OR UPDATE OF code, currency, purpose ON ledger.accounts
  FOR EACH ROW EXECUTE FUNCTION ledger.check_shapes();
ALTER TABLE ledger.accounts ENABLE ALWAYS TRIGGER accounts_have_shapes;

ALTER TABLE ledger.accounts DROP CONSTRAINT accounts_code_shape, DROP CONSTRAINT accounts_code_is_no_id,
  DROP CONSTRAINT accounts_currency_shape, DROP CONSTRAINT accounts_purpose_shape;
