-- History whoever writes: statement triggers, so that a register of thousands costs one insert a table. They belong to the
-- poster, so that the application's role cannot write history by hand.
CREATE OR REPLACE FUNCTION parties.record_party_changes() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO parties.party_changes (tenant_id, party_id, change, name_after, source_ref, changed_at)
    SELECT n.tenant_id, n.id, 'created', n.name, n.source_ref, n.created_at FROM new_rows n ORDER BY n.id;
    RETURN NULL;
  END IF;
  INSERT INTO parties.party_changes (tenant_id, party_id, change, name_before, name_after, source_ref, changed_at)
  SELECT n.tenant_id, n.id, 'renamed', o.name, n.name, n.source_ref, (SELECT tenants.now())
    FROM new_rows n JOIN old_rows o ON (o.tenant_id, o.id) = (n.tenant_id, n.id)
   WHERE n.name <> o.name
   ORDER BY n.id;
  INSERT INTO parties.party_changes (tenant_id, party_id, change, source_ref, changed_at)
  SELECT n.tenant_id, n.id, CASE n.status WHEN 'closed' THEN 'closed' ELSE 'reopened' END, n.source_ref, (SELECT tenants.now())
    FROM new_rows n JOIN old_rows o ON (o.tenant_id, o.id) = (n.tenant_id, n.id)
   WHERE n.status <> o.status
   ORDER BY n.id;
  RETURN NULL;
END $$;
ALTER FUNCTION parties.record_party_changes() OWNER TO headgate_poster;
COMMENT ON FUNCTION parties.record_party_changes() IS 'Statement trigger: writes the history of parties';

CREATE OR REPLACE FUNCTION parties.record_bank_account_changes() RETURNS trigger LANGUAGE plpgsql
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO parties.bank_account_changes (tenant_id, party_id, bank_account_id, change, source_ref, changed_at)
    SELECT n.tenant_id, n.party_id, n.id, 'added', n.source_ref, n.created_at FROM new_rows n ORDER BY n.id;
    RETURN NULL;
  END IF;
  INSERT INTO parties.bank_account_changes (tenant_id, party_id, bank_account_id, change, source_ref, changed_at)
  SELECT n.tenant_id, n.party_id, n.id, CASE n.status WHEN 'active' THEN 'reactivated' ELSE n.status END, n.source_ref, (SELECT tenants.now())
    FROM new_rows n JOIN old_rows o ON (o.tenant_id, o.id) = (n.tenant_id, n.id)
   WHERE n.status <> o.status
   ORDER BY n.id;
  INSERT INTO parties.bank_account_changes (tenant_id, party_id, bank_account_id, change, source_ref, changed_at)
  SELECT n.tenant_id, n.party_id, n.id, 'verification_' || n.verification, n.source_ref, (SELECT tenants.now())
    FROM new_rows n JOIN old_rows o ON (o.tenant_id, o.id) = (n.tenant_id, n.id)
   WHERE n.verification <> o.verification
   ORDER BY n.id;
  RETURN NULL;
END $$;
ALTER FUNCTION parties.record_bank_account_changes() OWNER TO headgate_poster;
COMMENT ON FUNCTION parties.record_bank_account_changes() IS 'Statement trigger: writes the history of bank accounts';

CREATE OR REPLACE TRIGGER party_history_of_inserts AFTER INSERT ON parties.parties
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION parties.record_party_changes();
CREATE OR REPLACE TRIGGER party_history_of_updates AFTER UPDATE ON parties.parties
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION parties.record_party_changes();
CREATE OR REPLACE TRIGGER bank_account_history_of_inserts AFTER INSERT ON parties.bank_accounts
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION parties.record_bank_account_changes();
CREATE OR REPLACE TRIGGER bank_account_history_of_updates AFTER UPDATE ON parties.bank_accounts
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION parties.record_bank_account_changes();

-- An account is verified on evidence: its state only follows the last row of parties.verifications.
CREATE OR REPLACE FUNCTION parties.check_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.verification <> OLD.verification
     AND NEW.verification IS DISTINCT FROM (SELECT v.outcome FROM parties.verifications v
        WHERE v.tenant_id = NEW.tenant_id AND v.bank_account_id = NEW.id ORDER BY v.id DESC LIMIT 1) THEN
    RAISE EXCEPTION USING ERRCODE = 'HG411',
      MESSAGE = format('bank account %s has no evidence for the state %s: record it in parties.verifications first', NEW.id, NEW.verification);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION parties.check_evidence() IS 'Row trigger: a bank account is as verified as its last evidence says';
CREATE OR REPLACE TRIGGER verification_has_evidence BEFORE UPDATE OF verification ON parties.bank_accounts
  FOR EACH ROW EXECUTE FUNCTION parties.check_evidence();
