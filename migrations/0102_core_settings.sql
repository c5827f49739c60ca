-- What a tenant has set is read with every message and seldom changes. A process that keeps it between transactions asks for
-- this number: while it is the same, nothing was set. It is drawn from a sequence, so that no number comes a second time after
-- a change that was rolled back.
CREATE SEQUENCE core.settings_version_no;
CREATE TABLE core.settings_versions (
  tenant_id uuid NOT NULL,
  version_no bigint NOT NULL,
  CONSTRAINT settings_versions_pkey PRIMARY KEY (tenant_id)
);
COMMENT ON TABLE core.settings_versions IS 'The last change of a tenant''s settings (core.is_setting), as a number: what was kept under another is read again';
SELECT core.isolate('core.settings_versions');
GRANT SELECT, INSERT, UPDATE (version_no) ON core.settings_versions TO headgate_app;
GRANT SELECT ON core.settings_versions TO headgate_readonly;
GRANT USAGE ON SEQUENCE core.settings_version_no TO headgate_app;

CREATE FUNCTION core.count_setting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_NARGS = 0 AND current_setting('headgate.keeps_settings', true) = 'on' THEN
    RAISE EXCEPTION 'a transaction that keeps settings changes none: % is changed by one that does not', TG_RELID::regclass;
  END IF;
  INSERT INTO core.settings_versions AS s (tenant_id, version_no)
  VALUES (core.require_tenant(), nextval('core.settings_version_no'))
  ON CONFLICT (tenant_id) DO UPDATE SET version_no = excluded.version_no;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION core.count_setting() IS 'Trigger: a setting of the tenant in context changed, and what was kept of its settings is old';

CREATE FUNCTION core.is_setting(target regclass, is_drawn boolean DEFAULT false) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE OR REPLACE TRIGGER is_setting AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION core.count_setting(%s)',
                 target, CASE WHEN is_drawn THEN quote_literal('drawn') END);
END $$;
COMMENT ON FUNCTION core.is_setting(regclass, boolean) IS
  'Makes a table one of settings, which processes may keep until one of them changes. What is drawn when it is first needed may change in any transaction';

SELECT core.is_setting('servicing.posting_modes'), core.is_setting('servicing.policies'), core.is_setting('servicing.policy_rules'),
       core.is_setting('alerts.preferences'), core.is_setting('alerts.templates'), core.is_setting('payments.provider_settings'),
       core.is_setting('ingestion.payment_sources'), core.is_setting('core.data_keys', is_drawn => true);
