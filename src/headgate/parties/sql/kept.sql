-- Whoever was paid stays known: instructions name parties and accounts without a foreign key of their own (payments/sql/12_keys.sql).
CREATE OR REPLACE TRIGGER parties_are_kept BEFORE DELETE OR TRUNCATE ON parties.parties
  FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
ALTER TABLE parties.parties ENABLE ALWAYS TRIGGER parties_are_kept;
CREATE OR REPLACE TRIGGER bank_accounts_are_kept BEFORE DELETE OR TRUNCATE ON parties.bank_accounts
  FOR EACH STATEMENT EXECUTE FUNCTION core.refuse_change();
ALTER TABLE parties.bank_accounts ENABLE ALWAYS TRIGGER bank_accounts_are_kept;
