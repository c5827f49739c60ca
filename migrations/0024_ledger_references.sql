-- A foreign key on ledger.accounts is looked at for every balance that moves, though no posting changes what it compares:
-- five of them, and triggers before each row, were a tenth of a batch's time. An account is never deleted, and this says
-- so; what names one is looked at where it is written.
CREATE TRIGGER accounts_stay BEFORE DELETE OR TRUNCATE ON ledger.accounts FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
ALTER TABLE ledger.accounts ENABLE ALWAYS TRIGGER accounts_stay;

CREATE FUNCTION ledger.check_account() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.account_id IS NOT NULL AND NOT EXISTS (SELECT FROM ledger.accounts a WHERE a.tenant_id = NEW.tenant_id AND a.id = NEW.account_id) THEN
    RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME,
      MESSAGE = format('%s.%s names the account %s, which the tenant does not have', TG_TABLE_SCHEMA, TG_TABLE_NAME, NEW.account_id);
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION ledger.check_account() IS 'Row trigger: account_id is an account of the same tenant. Raises foreign_key_violation';
GRANT EXECUTE ON FUNCTION ledger.check_account() TO PUBLIC;

ALTER TABLE recon.links DROP CONSTRAINT links_account_fkey;
CREATE TRIGGER links_of_an_account AFTER INSERT OR UPDATE OF tenant_id, account_id ON recon.links
  FOR EACH ROW EXECUTE FUNCTION ledger.check_account();
ALTER TABLE recon.reconciliations DROP CONSTRAINT reconciliations_account_fkey;
CREATE TRIGGER reconciliations_of_an_account AFTER INSERT OR UPDATE OF tenant_id, account_id ON recon.reconciliations
  FOR EACH ROW EXECUTE FUNCTION ledger.check_account();
ALTER TABLE ledger.settlements DROP CONSTRAINT settlements_account;
CREATE TRIGGER settlements_of_an_account AFTER INSERT OR UPDATE OF tenant_id, account_id ON ledger.settlements
  FOR EACH ROW EXECUTE FUNCTION ledger.check_account();
ALTER TABLE ledger.balance_monitors DROP CONSTRAINT balance_monitors_account;
CREATE TRIGGER balance_monitors_of_an_account AFTER INSERT OR UPDATE OF tenant_id, account_id ON ledger.balance_monitors
  FOR EACH ROW EXECUTE FUNCTION ledger.check_account();
ALTER TABLE ledger.clearing_rules DROP CONSTRAINT clearing_rules_account;
CREATE TRIGGER clearing_rules_of_an_account AFTER INSERT OR UPDATE OF tenant_id, account_id ON ledger.clearing_rules
  FOR EACH ROW EXECUTE FUNCTION ledger.check_account();

-- After the row, not before: a trigger before it fetches every row again that is updated, whichever columns it names.
DROP TRIGGER accounts_form_a_tree ON ledger.accounts;
CREATE TRIGGER accounts_form_a_tree AFTER INSERT OR UPDATE OF parent_id ON ledger.accounts
  FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION ledger.check_parent();
DROP TRIGGER accounts_describe_themselves ON ledger.accounts;
CREATE TRIGGER accounts_describe_themselves
  AFTER INSERT OR UPDATE OF code, name, type, status, currency, purpose, is_default, lo_minor, hi_minor, route_to, closed_through ON ledger.accounts
  FOR EACH ROW EXECUTE FUNCTION ledger.check_description();
ALTER TABLE ledger.accounts ENABLE ALWAYS TRIGGER accounts_form_a_tree, ENABLE ALWAYS TRIGGER accounts_describe_themselves;
