"""What is asked of PostgreSQL's catalogs about an account. No value of a question or a setting enters a text.

`mine` are the roles that the account is or can become, and PUBLIC (0), whose rights everybody has.
"""
# ruff: noqa: S608 - every text is a constant of this module

from __future__ import annotations

_MINE = """
WITH mine AS (
  SELECT oid, rolname::text AS name FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER')
  UNION ALL SELECT 0, 'PUBLIC'
)"""
_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"

IDENTITY = """
SELECT current_user::text, current_database()::text, r.rolsuper,
  current_setting('default_transaction_read_only'), current_setting('standard_conforming_strings'),
  current_schemas(false)::text[]
FROM pg_roles r WHERE r.rolname = current_user
"""

# Of the account, and of each role it can become.
ROLES = """
SELECT r.rolname::text, r.rolname = current_user, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication,
  r.rolbypassrls
FROM pg_roles r WHERE pg_has_role(current_user, r.oid, 'MEMBER') ORDER BY 1
"""

# Role that the account can become → role that was granted to it and leads there.
WAYS = """
SELECT r.rolname::text, d.rolname::text FROM pg_auth_members m
JOIN pg_roles me ON me.oid = m.member AND me.rolname = current_user
JOIN pg_roles d ON d.oid = m.roleid
JOIN pg_roles r ON pg_has_role(d.oid, r.oid, 'MEMBER')
ORDER BY 1, 2
"""

# Rights on tables, views, foreign tables and sequences, and who brings them: (schema, sequences?, grantee, right,
# names). Owners have them without a grant.
GRANTED = f"""{_MINE}
SELECT n.nspname::text, c.relkind = 'S', m.name, a.privilege_type::text, array_agg(DISTINCT c.relname::text)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT * FROM aclexplode(c.relacl)
  UNION ALL
  SELECT e.* FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) e WHERE t.attrelid = c.oid
) a
JOIN mine m ON m.oid = a.grantee
WHERE {_OURS} AND a.grantee <> c.relowner AND has_schema_privilege(n.oid, 'USAGE')
  AND a.privilege_type <> 'REFERENCES'
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""

OWNED = """
SELECT kind, name FROM (
  SELECT 'table' AS kind, c.oid::regclass::text AS name, c.relowner AS owner FROM pg_class c
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL SELECT 'schema', n.nspname::text, n.nspowner FROM pg_namespace n WHERE n.nspname !~ '^pg_'
  UNION ALL SELECT 'function', p.oid::regprocedure::text, p.proowner FROM pg_proc p
  UNION ALL SELECT 'database', d.datname::text, d.datdba FROM pg_database d WHERE d.datname = current_database()
) AS things WHERE pg_has_role(current_user, owner, 'MEMBER') ORDER BY 1, 2 LIMIT 1000
"""

# Who may make things where: (kind, name, right, grantee). Without a list of its own, a database lets everybody make
# temporary tables, and no other thing is open to anybody but its owner.
CREATES = f"""{_MINE}
SELECT 'DATABASE', d.datname::text, a.privilege_type::text, m.name FROM pg_database d
CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a JOIN mine m ON m.oid = a.grantee
WHERE d.datname = current_database() AND a.grantee <> d.datdba AND a.privilege_type IN ('CREATE', 'TEMPORARY')
UNION ALL
SELECT 'SCHEMA', n.nspname::text, a.privilege_type::text, m.name FROM pg_namespace n
CROSS JOIN LATERAL aclexplode(n.nspacl) a JOIN mine m ON m.oid = a.grantee
WHERE n.nspname !~ '^pg_(toast|temp)' AND a.grantee <> n.nspowner AND a.privilege_type = 'CREATE'
ORDER BY 1, 2, 3, 4
"""

READABLE = f"""
SELECT n.nspname::text, c.relname::text, c.relkind = 'f' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {_OURS}
  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
ORDER BY 1, 2 LIMIT 5000
"""

COLUMNS = f"""
SELECT n.nspname::text, c.relname::text, t.attname::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute t ON t.attrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {_OURS} AND t.attnum > 0 AND NOT t.attisdropped
  AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, t.attnum, 'SELECT')
LIMIT 100000
"""

PASSWORDS = """
SELECT has_table_privilege('pg_catalog.pg_authid', 'SELECT') OR has_table_privilege('pg_catalog.pg_shadow', 'SELECT')
"""

# Functions that reach out of a query and that this account may call: (kind, signature).
FUNCTIONS = """
WITH watched (kind, names) AS (VALUES
  ('files', ARRAY['pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_stat_file', 'pg_ls_logdir', 'pg_ls_waldir',
    'pg_ls_tmpdir', 'pg_ls_archive_statusdir', 'lo_import', 'lo_export', 'pg_file_write', 'pg_file_read',
    'pg_file_unlink', 'pg_file_rename']),
  ('connections', ARRAY['dblink', 'dblink_exec', 'dblink_connect', 'dblink_connect_u', 'dblink_send_query',
    'dblink_open', 'dblink_fetch']),
  ('server', ARRAY['pg_reload_conf', 'pg_rotate_logfile', 'pg_switch_wal', 'pg_create_restore_point', 'pg_promote',
    'pg_stat_reset']),
  ('queries', ARRAY['query_to_xml', 'query_to_xmlschema', 'query_to_xml_and_xmlschema', 'cursor_to_xml',
    'cursor_to_xmlschema', 'table_to_xml', 'table_to_xmlschema', 'table_to_xml_and_xmlschema', 'schema_to_xml',
    'schema_to_xmlschema', 'schema_to_xml_and_xmlschema', 'database_to_xml', 'database_to_xmlschema',
    'database_to_xml_and_xmlschema', 'ts_stat', 'ts_rewrite', 'crosstab', 'crosstabn', 'connectby', 'xpath_table']),
  ('session', ARRAY['set_config', 'pg_sleep', 'pg_sleep_for', 'pg_sleep_until', 'pg_notify', 'pg_terminate_backend',
    'pg_cancel_backend', 'pg_advisory_lock', 'pg_advisory_lock_shared', 'pg_try_advisory_lock',
    'pg_try_advisory_lock_shared', 'pg_advisory_xact_lock', 'pg_advisory_xact_lock_shared',
    'pg_try_advisory_xact_lock', 'pg_try_advisory_xact_lock_shared', 'pg_export_snapshot',
    'pg_logical_emit_message', 'lo_create', 'lo_creat', 'lo_from_bytea', 'lo_put', 'lo_open', 'lowrite', 'lo_truncate',
    'lo_truncate64', 'lo_unlink'])
)
SELECT w.kind, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
FROM watched w JOIN pg_proc p ON p.proname = ANY (w.names) JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(n.oid, 'USAGE')
  AND (n.nspname = 'pg_catalog' OR EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e'))
UNION ALL
SELECT CASE WHEN p.prosecdef THEN 'definer' ELSE 'untrusted' END,
  format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_schema_privilege(n.oid, 'USAGE')
  AND has_function_privilege(p.oid, 'EXECUTE')
  AND (p.prosecdef OR (NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'c')))
ORDER BY 1, 2
"""

FOREIGN = """
SELECT 'SERVER', s.srvname::text FROM pg_foreign_server s WHERE has_server_privilege(s.oid, 'USAGE')
UNION ALL
SELECT 'DATA WRAPPER', w.fdwname::text FROM pg_foreign_data_wrapper w
WHERE has_foreign_data_wrapper_privilege(w.oid, 'USAGE')
ORDER BY 1, 2
"""
