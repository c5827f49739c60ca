-- PostgreSQL evaluates every CHECK of a row at each UPDATE, whichever columns changed, and reads each anew for every
-- statement. On accounts, whose balance moves with each posting, that was a fifth of a posting's time; so what concerns
-- columns that no posting writes is looked at where they are written. What bounds the balance stays a CHECK.

CREATE FUNCTION ledger.check_description() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_broken CONSTANT text := CASE
    WHEN NEW.code !~ '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$' THEN 'accounts_code_shape'
    WHEN NEW.code ~ '^[a-z]{2,6}_([0-9a-hjkmnp-tv-z]{13}|[0-9a-hjkmnp-tv-z]{26})$' THEN 'accounts_code_is_no_id'
    WHEN length(NEW.name) NOT BETWEEN 1 AND 200 THEN 'accounts_name_length'
    WHEN NEW.type NOT IN ('ASSET', 'LIABILITY', 'EQUITY', 'REVENUE', 'EXPENSE') THEN 'accounts_type_is_known'
    WHEN NEW.status NOT IN ('open', 'frozen', 'closed') THEN 'accounts_status_is_known'
    WHEN NEW.currency !~ '^[A-Z]{3}$' THEN 'accounts_currency_shape'
    WHEN NEW.purpose !~ '^[A-Z][A-Z0-9_]{0,59}$' THEN 'accounts_purpose_shape'
    WHEN NEW.is_default AND NEW.purpose IS NULL THEN 'accounts_default_has_a_purpose'
    -- Within these bounds a net plus an amount never leaves a bigint.
    WHEN NOT (-4611686018427387903 <= NEW.lo_minor AND NEW.lo_minor <= NEW.hi_minor AND NEW.hi_minor <= 4611686018427387903)
      THEN 'accounts_limits_are_ordered'
    WHEN NEW.route_to <= NEW.closed_through THEN 'accounts_route_past_the_close' END;
BEGIN
  IF v_broken IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', SCHEMA = 'ledger', TABLE = 'accounts', CONSTRAINT = v_broken,
      MESSAGE = format('the account with the code %L (%s, %s) breaks %I', NEW.code, NEW.type, NEW.currency, v_broken);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION ledger.check_description() IS 'Row trigger: what an account says of itself, beside its balance. Raises check_violation with the name of the rule';

CREATE TRIGGER accounts_describe_themselves
  BEFORE INSERT OR UPDATE OF code, name, type, status, currency, purpose, is_default, lo_minor, hi_minor, route_to, closed_through ON ledger.accounts
  FOR EACH ROW EXECUTE FUNCTION ledger.check_description();
ALTER TABLE ledger.accounts ENABLE ALWAYS TRIGGER accounts_describe_themselves;

ALTER TABLE ledger.accounts DROP CONSTRAINT accounts_code_shape, DROP CONSTRAINT accounts_code_is_no_id, DROP CONSTRAINT accounts_name_length,
  DROP CONSTRAINT accounts_type_is_known, DROP CONSTRAINT accounts_status_is_known, DROP CONSTRAINT accounts_currency_shape,
  DROP CONSTRAINT accounts_purpose_shape, DROP CONSTRAINT accounts_default_has_a_purpose, DROP CONSTRAINT accounts_limits_are_ordered,
  DROP CONSTRAINT accounts_route_past_the_close;
