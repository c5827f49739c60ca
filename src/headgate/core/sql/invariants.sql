-- What the catalogue itself must show, whatever the tables hold.

CREATE OR REPLACE VIEW core.invariant_tables_isolated WITH (security_invoker = true) AS
WITH tenant_tables AS (
  SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relrowsecurity, c.relforcerowsecurity
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
  WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
)
SELECT t.name AS subject, 'row-level security is not enabled and forced' AS detail
FROM tenant_tables t
WHERE NOT (t.relrowsecurity AND t.relforcerowsecurity)
UNION ALL
SELECT t.name, format('policy %s does not ask for the tenant in context', p.polname)
FROM tenant_tables t
JOIN pg_catalog.pg_policy p ON p.polrelid = t.oid
WHERE p.polpermissive
  -- The dispatcher's, poster's and resolver's own policies may look across tenants; these logins may not.
  AND p.polroles && (ARRAY[0::oid] || ARRAY(
    SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname IN ('headgate_app', 'headgate_operator', 'headgate_readonly', 'headgate_owner')))
  AND (concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
       !~ '(headgate\.tenant_id|core\.require_tenant\(\)|core\.tenant_id\(\))');
COMMENT ON VIEW core.invariant_tables_isolated IS
  'Every table with a tenant_id has row-level security enabled and forced, and no policy that forgets the tenant in context.';

CREATE OR REPLACE VIEW core.invariant_append_only_enforced WITH (security_invoker = true) AS
SELECT format('%I.%I', n.nspname, c.relname) AS subject,
       'its append-only trigger does not fire always: an UPDATE or DELETE would be let through' AS detail
FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE t.tgname = 'append_only' AND NOT t.tgisinternal AND t.tgenabled <> 'A';
COMMENT ON VIEW core.invariant_append_only_enforced IS
  'Every append-only trigger is ENABLE ALWAYS, so that no session setting passes it by.';

GRANT SELECT ON core.invariant_tables_isolated, core.invariant_append_only_enforced TO headgate_app, headgate_readonly;
