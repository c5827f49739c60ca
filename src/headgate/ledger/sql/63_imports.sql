-- What was brought into the book from a file.

CREATE OR REPLACE FUNCTION ledger.record_import(p_kind text, p_file_hash bytea, p_report jsonb) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_tenant CONSTANT uuid := core.require_tenant();
BEGIN
  INSERT INTO ledger.imports (tenant_id, file_hash, kind, report) VALUES (v_tenant, p_file_hash, p_kind, p_report);
  PERFORM audit.record_one('ledger.' || p_kind || '.imported',
                           jsonb_build_object('file_hash', encode(p_file_hash, 'hex'), 'report', p_report));
END $$;
COMMENT ON FUNCTION ledger.record_import(text, bytea, jsonb) IS 'Notes that a file was taken in, once, with the proof that was given';
ALTER FUNCTION ledger.record_import(text, bytea, jsonb) OWNER TO headgate_poster;
GRANT EXECUTE ON FUNCTION ledger.record_import(text, bytea, jsonb) TO headgate_app;
