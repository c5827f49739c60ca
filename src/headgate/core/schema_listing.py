"""The database's shape as sorted text: what `migrations/schema.sql` holds, and what a test compares.

Read from the catalogue and laid out by us, so that it is the same text from PostgreSQL 15 to 18 and on every machine.
One object is one paragraph, its parts a line each. Monthly partitions are left out, since they depend on the date.

Bodies of functions and views stand as a digest: their text is in `src/headgate/<domain>/sql/`.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from typing import Any, Final, LiteralString

from psycopg import Connection
from psycopg.rows import tuple_row

HEADER: Final = """\
-- The database as the migrations make it, listed from its catalogue by headgate.core.schema_listing.
-- To be read, not run. A test holds it equal to what the migrations make.
"""

_BODY: Final = "\x01"
_QUERY: Final = "\x02"
_QUALIFIER: Final = re.compile(r"""'(?:[^']|'')*'|\b(?P<qualifier>[a-z_][a-z0-9_]*)\.(?=[a-z_"])""")

# ruff: noqa: S608 (the queries below are put together from constants alone)
# Each query gives rows of (schema, object, rank of the part, part). A part that starts with _BODY or _QUERY becomes a
# digest. NOT NULL constraints are left out, since 18 catalogues them and 15 does not: they stand with their columns.

_GRANTS: Final[LiteralString] = """
SELECT schema_name, object, 90,
  'grant ' || string_agg(DISTINCT privilege_type || CASE WHEN is_grantable THEN ' with grant option' ELSE '' END, ', ')
    || part || ' to ' || CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END
FROM granted, aclexplode(acl)
WHERE grantee <> owner AND privilege_type <> 'MAINTAIN'  -- MAINTAIN came with 17, as a part of ALL
GROUP BY schema_name, object, part, grantee
"""

_RELATIONS: Final[LiteralString] = """
WITH relations AS MATERIALIZED (
  SELECT n.nspname AS schema_name, c.*,
    CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'S' THEN 'sequence '
      WHEN 'f' THEN 'foreign table ' WHEN 'c' THEN 'type ' ELSE 'table ' END || c.relname AS object
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    AND NOT (c.relispartition AND c.relname ~ '_[0-9]{4}_[0-9]{2}$')
    AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i')
                      AND c.relkind = 'S')
)
"""

_QUERIES: Final[tuple[LiteralString, ...]] = (
    # Schemas
    """
    WITH schemas AS (SELECT * FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
    SELECT nspname, '', 0, 'owner ' || pg_get_userbyid(nspowner) FROM schemas
    UNION ALL
    SELECT nspname, '', 1, 'comment ' || obj_description(oid, 'pg_namespace') FROM schemas
    """,
    """
    WITH granted AS (
      SELECT nspname AS schema_name, '' AS object, nspowner AS owner, '' AS part,
        coalesce(nspacl, acldefault('n', nspowner)) AS acl
      FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    )
    """
    + _GRANTS,
    # Tables, views, sequences
    _RELATIONS
    + """
    SELECT schema_name, object, 0, 'owner ' || pg_get_userbyid(relowner) FROM relations
    UNION ALL
    SELECT schema_name, object, 1, 'comment ' || obj_description(oid, 'pg_class') FROM relations
    UNION ALL
    SELECT schema_name, object, 2, 'with ' || array_to_string(ARRAY(SELECT unnest(reloptions) ORDER BY 1), ', ')
    FROM relations WHERE reloptions IS NOT NULL
    UNION ALL
    SELECT schema_name, object, 3, 'unlogged' FROM relations WHERE relpersistence = 'u'
    UNION ALL
    SELECT schema_name, object, 4, 'partition by ' || pg_get_partkeydef(oid) FROM relations WHERE relkind = 'p'
    UNION ALL
    SELECT schema_name, object, 5, 'partition of ' || i.inhparent::regclass || ' ' || pg_get_expr(relpartbound, oid)
    FROM relations JOIN pg_inherits i ON i.inhrelid = oid WHERE relispartition
    UNION ALL
    SELECT schema_name, object, 6,
      'row security ' || CASE WHEN relrowsecurity THEN 'enabled' ELSE 'disabled' END
        || CASE WHEN relforcerowsecurity THEN ', forced' ELSE '' END
    FROM relations WHERE relrowsecurity OR relforcerowsecurity
    UNION ALL
    SELECT schema_name, object, 7,
      format('%s start %s increment %s from %s to %s cache %s%s', format_type(seqtypid, NULL), seqstart, seqincrement,
        seqmin, seqmax, seqcache, CASE WHEN seqcycle THEN ' cycle' ELSE '' END)
    FROM relations JOIN pg_sequence ON seqrelid = oid
    UNION ALL
    SELECT schema_name, object, 8, E'\\x02' || pg_get_viewdef(oid) FROM relations WHERE relkind IN ('v', 'm')
    """,
    _RELATIONS
    + """
    SELECT schema_name, object, 1000 + a.attnum,
      'column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attcollation <> t.typcollation THEN ' collate ' || l.collname ELSE '' END
        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
        || CASE a.attidentity WHEN 'a' THEN ' generated always as identity'
             WHEN 'd' THEN ' generated by default as identity' ELSE '' END
        || CASE a.attgenerated WHEN '' THEN coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
             WHEN 's' THEN ' generated as (' || pg_get_expr(d.adbin, d.adrelid) || ') stored'
             ELSE ' generated as (' || pg_get_expr(d.adbin, d.adrelid) || ')' END
        || coalesce(' -- ' || col_description(a.attrelid, a.attnum), '')
    FROM relations r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE r.relkind <> 'S'
    """,
    _RELATIONS
    + """
    SELECT schema_name, object, 3000,
      'constraint ' || c.conname || ' ' || pg_get_constraintdef(c.oid)
        || coalesce(' -- ' || obj_description(c.oid, 'pg_constraint'), '')
    FROM relations r JOIN pg_constraint c ON c.conrelid = r.oid AND c.contype NOT IN ('n', 't') AND c.conparentid = 0
    UNION ALL
    SELECT schema_name, object, 3100,
      CASE WHEN i.indisvalid OR r.relkind = 'p' THEN '' ELSE 'invalid ' END
        || regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE ', '')
    FROM relations r JOIN pg_index i ON i.indrelid = r.oid
    WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
      AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
    UNION ALL
    SELECT schema_name, object, 3200,
      format('policy %s %s for %s to %s%s%s', p.polname,
        CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
        CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete'
          ELSE 'all' END,
        ARRAY(SELECT CASE one WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(one) END
              FROM unnest(p.polroles) one ORDER BY 1),
        ' using ' || pg_get_expr(p.polqual, p.polrelid), ' check ' || pg_get_expr(p.polwithcheck, p.polrelid))
    FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL
    SELECT schema_name, object, 3300,
      CASE t.tgenabled WHEN 'A' THEN 'always ' WHEN 'D' THEN 'disabled ' WHEN 'R' THEN 'replica ' ELSE '' END
        || regexp_replace(pg_get_triggerdef(t.oid), '^CREATE ', '')
    FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal AND t.tgparentid = 0
    UNION ALL
    SELECT schema_name, object, 3400, 'rule ' || pg_get_ruledef(w.oid)
    FROM relations r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
    UNION ALL
    SELECT schema_name, object, 3500, regexp_replace(pg_get_statisticsobjdef(s.oid), '^CREATE ', '')
    FROM relations r JOIN pg_statistic_ext s ON s.stxrelid = r.oid
    """,
    _RELATIONS
    + """, granted AS (
      SELECT schema_name, object, relowner AS owner, '' AS part, relacl AS acl FROM relations
      UNION ALL
      SELECT schema_name, object, relowner, ' (' || a.attname || ')', a.attacl
      FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attacl IS NOT NULL
    )
    """
    + _GRANTS,
    # Functions
    """
    WITH functions AS MATERIALIZED (
      SELECT n.nspname AS schema_name,
        CASE f.prokind WHEN 'p' THEN 'procedure ' WHEN 'a' THEN 'aggregate ' ELSE 'function ' END
          || f.proname || '(' || pg_get_function_identity_arguments(f.oid) || ')' AS object, f.*
      FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')
    )
    SELECT schema_name, object, 0, 'owner ' || pg_get_userbyid(proowner) FROM functions
    UNION ALL
    SELECT schema_name, object, 1, 'comment ' || obj_description(oid, 'pg_proc') FROM functions
    UNION ALL
    SELECT schema_name, object, 2, 'arguments ' || pg_get_function_arguments(oid) FROM functions
    WHERE pg_get_function_arguments(oid) <> pg_get_function_identity_arguments(oid)
    UNION ALL
    SELECT schema_name, object, 3,
      concat_ws(', ', coalesce('returns ' || pg_get_function_result(functions.oid), 'procedure'), lanname,
        CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
        CASE proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted' END,
        CASE WHEN proisstrict THEN 'strict' END, CASE WHEN proleakproof THEN 'leakproof' END,
        CASE WHEN prosecdef THEN 'security definer' END)
    FROM functions JOIN pg_language l ON l.oid = prolang
    UNION ALL
    SELECT schema_name, object, 4, 'set ' || one FROM functions, unnest(proconfig) one
    UNION ALL
    SELECT schema_name, object, 5, E'\\x01' || coalesce(pg_get_function_sqlbody(oid), prosrc) FROM functions
    """,
    """
    WITH granted AS (
      SELECT n.nspname AS schema_name,
        CASE f.prokind WHEN 'p' THEN 'procedure ' WHEN 'a' THEN 'aggregate ' ELSE 'function ' END
          || f.proname || '(' || pg_get_function_identity_arguments(f.oid) || ')' AS object,
        f.proowner AS owner, '' AS part, coalesce(f.proacl, acldefault('f', f.proowner)) AS acl
      FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')
    )
    """
    + _GRANTS,
    # Types
    """
    WITH types AS (
      SELECT n.nspname AS schema_name, t.*,
        CASE t.typtype WHEN 'd' THEN 'domain ' ELSE 'enum ' END || t.typname AS object
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
      WHERE t.typtype IN ('d', 'e') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
    )
    SELECT schema_name, object, 0, 'owner ' || pg_get_userbyid(typowner) FROM types
    UNION ALL
    SELECT schema_name, object, 1, 'comment ' || obj_description(oid, 'pg_type') FROM types
    UNION ALL
    SELECT schema_name, object, 2, 'as ' || format_type(typbasetype, typtypmod)
      || CASE WHEN typnotnull THEN ' not null' ELSE '' END || coalesce(' default ' || typdefault, '')
    FROM types WHERE typtype = 'd'
    UNION ALL
    SELECT schema_name, object, 3, 'constraint ' || conname || ' ' || pg_get_constraintdef(c.oid)
    FROM types t JOIN pg_constraint c ON c.contypid = t.oid AND c.contype <> 'n'
    UNION ALL
    SELECT schema_name, object, 4, 'values ' || string_agg(enumlabel, ', ' ORDER BY enumsortorder)
    FROM types t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY schema_name, object
    """,
    # The database
    """
    SELECT '', 'default privileges of ' || pg_get_userbyid(d.defaclrole) || coalesce(' in ' || n.nspname, ''), 0,
      format('%s: %s to %s',
        CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
          WHEN 'T' THEN 'types' ELSE 'schemas' END, string_agg(DISTINCT privilege_type, ', '),
        CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END)
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl)
    WHERE privilege_type <> 'MAINTAIN'
    GROUP BY d.oid, d.defaclrole, n.nspname, d.defaclobjtype, grantee
    UNION ALL
    SELECT '', 'extension ' || extname, 0, 'in ' || extnamespace::regnamespace
    FROM pg_extension WHERE extname <> 'plpgsql'
    UNION ALL
    SELECT '', 'event trigger ' || evtname, 0,
      format('on %s execute %s%s', evtevent, evtfoid::regproc,
        CASE evtenabled WHEN 'A' THEN ' always' WHEN 'D' THEN ' disabled' ELSE '' END)
    FROM pg_event_trigger
    """,
)


def listing(connection: Connection[Any]) -> str:
    """The whole database as text, every object a paragraph. Reads as the administrator; changes nothing."""
    objects: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        # With no path, every name of ours is written with its schema.
        cursor.execute("SET LOCAL search_path = ''")
        for query in _QUERIES:
            for schema, name, rank, part in cursor.execute(query):
                if part is not None:
                    objects[schema, name].append((rank, part))
    schemas = {schema for schema, _ in objects}
    paragraphs = [HEADER]
    for (schema, name), parts in sorted(objects.items()):
        kind, _, rest = name.partition(" ")
        title = f"schema {schema}" if not name else f"{kind} {schema}.{rest}" if schema else name
        lines = [_line(part, schemas) for _, part in sorted(parts)]
        paragraphs.append("\n".join([title, *(f"  {line}" for line in lines)]) + "\n")
    return "\n".join(paragraphs)


def _line(part: str, schemas: set[str]) -> str:
    if part.startswith(_BODY):
        return f"body {_digest(part[1:])}"
    if part.startswith(_QUERY):
        return f"query {_digest(_unqualified(part[1:], schemas))}"
    return " ".join(part.split())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _unqualified(query: str, schemas: set[str]) -> str:
    """A view's query without the table before a column: 15 writes it always, 16 and later only where it is needed."""

    def shorten(found: re.Match[str]) -> str:
        qualifier = found["qualifier"]
        return found[0] if qualifier is None or qualifier in schemas or qualifier == "pg_catalog" else ""

    return " ".join(_QUALIFIER.sub(shorten, query).split())
