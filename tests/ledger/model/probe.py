"""The book as lines of text, and which of its invariants are broken: one round trip after every step.

The statement is a function of its own while the histories run: it has some thirty views in it, which takes the server far
longer to plan than to run, and psycopg forgets what it has prepared at every rollback to a savepoint.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from headgate.core import ids
from headgate.core.db import Database

ROWS: dict[str, str] = {
    "accounts": """
        SELECT string_agg(concat_ws(' ', b.code, b.status, a.net_minor, a.seq, b.posted_minor, b.reserved_minor,
                                    b.pending_out_minor, b.pending_in_minor, b.available_minor), E'\\n' ORDER BY a.id)
          FROM ledger.accounts a JOIN ledger.balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id""",
    "journal": """
        SELECT string_agg(concat_ws(' ', t.key, e.effective_on,
                                    floor(extract(epoch FROM e.effective_at - '2031-03-08T12:00Z'::timestamptz) / 3600),
                                    coalesce(o.key, '-'), coalesce(p.key, '-'), e.n, d.code, c.code, e.amount_minor, e.currency,
                                    CASE WHEN e.debit_late THEN 'L' ELSE '-' END || CASE WHEN e.credit_late THEN 'L' ELSE '-' END,
                                    e.debit_seq, e.debit_net, e.credit_seq, e.credit_net),
                          E'\\n' ORDER BY e.transaction_id, e.n)
          FROM ledger.entries e
          JOIN ledger.transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
          LEFT JOIN ledger.transactions o ON o.tenant_id = t.tenant_id AND o.id = t.reverses
          LEFT JOIN ledger.transactions p ON p.tenant_id = t.tenant_id AND p.id = t.settles
          JOIN ledger.accounts d ON d.tenant_id = e.tenant_id AND d.id = e.debit_account_id
          JOIN ledger.accounts c ON c.tenant_id = e.tenant_id AND c.id = e.credit_account_id""",
    "refusals": """
        SELECT string_agg(coalesce(t.key, q.key) || ' ' || f.code, E'\\n' ORDER BY f.request_id)
          FROM ledger.refusals f
          LEFT JOIN ledger.transactions t ON t.tenant_id = f.tenant_id AND t.id = f.request_id
          LEFT JOIN ledger.reservation_requests q ON q.tenant_id = f.tenant_id AND q.id = f.request_id""",
    "pending": """
        SELECT string_agg(concat_ws(' ', t.key, x.kind,
                                    CASE WHEN x.status = 'pending' AND x.expires_at <= (SELECT tenants.now())
                                         THEN 'overdue' ELSE x.status END,
                                    coalesce(s.key, '-')), E'\\n' ORDER BY x.id)
          FROM ledger.pending_transactions x
          JOIN ledger.transactions t ON t.tenant_id = x.tenant_id AND t.id = x.id
          LEFT JOIN ledger.transactions s ON s.tenant_id = x.tenant_id AND s.id = x.settled_by""",
    "reservations": """
        SELECT string_agg(concat_ws(' ', q.key, a.code,
                                    CASE WHEN s.status = 'active' AND s.expires_at <= (SELECT tenants.now())
                                         THEN 'overdue' ELSE s.status END,
                                    s.captured_minor, s.released_minor, s.remaining_minor), E'\\n' ORDER BY s.id)
          FROM ledger.reservations s
          JOIN ledger.reservation_requests q ON q.tenant_id = s.tenant_id AND q.id = s.id
          JOIN ledger.accounts a ON a.tenant_id = s.tenant_id AND a.id = s.account_id""",
    "monitors": """
        SELECT string_agg(concat_ws(' ', m.name, m.balance_minor, CASE WHEN m.is_crossed THEN 'crossed' ELSE 'clear' END), E'\\n'
                          ORDER BY m.id)
          FROM ledger.monitored m""",
    "positions": """
        SELECT string_agg(concat_ws(' ', k.currency, k.seq, k.quantity_after, k.cost_after), E'\\n' ORDER BY k.currency)
          FROM (SELECT DISTINCT ON (k.account_id) a.currency, k.seq, k.quantity_after, k.cost_after
                  FROM ledger.position_moves k JOIN ledger.accounts a ON a.tenant_id = k.tenant_id AND a.id = k.account_id
                 ORDER BY k.account_id, k.seq DESC) k""",
}
SHOWN = tuple(ROWS)
JOURNAL = ROWS["journal"]

EVENTS = """
    SELECT e.type, count(*), count(m.audit_event_id)
      FROM audit.events e
      LEFT JOIN messaging.outbox_messages m ON m.tenant_id = e.tenant_id AND m.audit_event_id = e.id
     WHERE e.correlation_id = %(correlation)s
     GROUP BY e.type
"""
NEWS = """
    SELECT m.name || ' ' || split_part(e.type, '.', 3) || ' ' || (e.data ->> 'balance_minor')
      FROM audit.events e
      JOIN messaging.outbox_messages o ON o.tenant_id = e.tenant_id AND o.audit_event_id = e.id
      JOIN ledger.balance_monitors m ON m.tenant_id = e.tenant_id AND m.id = (e.data ->> 'monitor_id')::bigint
     WHERE e.correlation_id = %(correlation)s AND e.type IN ('ledger.monitor.crossed', 'ledger.monitor.cleared')
     ORDER BY e.id
"""


@contextmanager
def in_place(database: Database) -> Iterator[str]:
    """The statement that answers with the rows of SHOWN, and with the invariants that are broken (NULL: none)."""
    name = sql.Identifier(f"model_{ids.new('x')[-12:]}")
    with database.connect("admin") as admin:
        views = [
            str(row[0])
            for row in admin.execute("""
                SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'ledger' AND c.relkind = 'v' AND c.relname LIKE 'invariant\\_%' ORDER BY c.relname
            """)
        ]
        assert len(views) >= 14, views
        broken = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {} AS name WHERE EXISTS (SELECT FROM {})").format(
                sql.Literal(view), sql.Identifier("ledger", view)
            )
            for view in views
        )
        shown = sql.SQL(", ").join(sql.SQL("({})").format(sql.SQL(ROWS[table])) for table in SHOWN)  # type: ignore[arg-type]
        admin.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        try:
            admin.execute(
                sql.SQL(
                    "CREATE FUNCTION {}.probe() RETURNS text[] LANGUAGE plpgsql AS $probe$ BEGIN"
                    " RETURN (SELECT ARRAY[{}, (SELECT string_agg(x.name, ' ') FROM ({}) x)]); END $probe$"
                ).format(name, shown, broken)
            )
            admin.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO headgate_app").format(name))
            yield sql.SQL("SELECT {}.probe()").format(name).as_string(admin)
        finally:
            admin.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(name))
