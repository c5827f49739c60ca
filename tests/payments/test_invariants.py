"""Each invariant sees the violation that is planted for it, and names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tests import checks
from tests.make import ACTOR, TenantFixture
from tests.payments import stories
from tests.payments.stories import MONDAY, WEDNESDAY

from headgate import payments
from headgate.core.db import Database

Plant = Callable[[psycopg.Connection[Any], TenantFixture], str]


def unfunded(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    admin.execute("ALTER TABLE payments.attempts DISABLE TRIGGER attempts_stay")
    row = admin.execute(
        """
        UPDATE payments.attempts SET amount_minor = amount_minor + 1
         WHERE tenant_id = %s AND status = 'sent'
        RETURNING id
        """,
        (tenant.id,),
    ).fetchone()
    admin.execute("ALTER TABLE payments.attempts ENABLE ALWAYS TRIGGER attempts_stay")
    assert row
    return str(row[0])


def lost_attempt(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    admin.execute("ALTER TABLE payments.attempts DISABLE TRIGGER attempts_are_kept")
    row = admin.execute(
        "DELETE FROM payments.attempts WHERE tenant_id = %s AND status = 'sent' RETURNING instruction_id", (tenant.id,)
    ).fetchone()
    admin.execute("ALTER TABLE payments.attempts ENABLE ALWAYS TRIGGER attempts_are_kept")
    assert row
    return str(row[0])


def wrong_status(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    row = admin.execute(
        """
        UPDATE payments.instructions SET status = 'settled'
         WHERE id = (SELECT id FROM payments.instructions WHERE tenant_id = %s AND status = 'sent' ORDER BY id LIMIT 1)
        RETURNING id
        """,
        (tenant.id,),
    ).fetchone()
    assert row
    return str(row[0])


def pending_without_money(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    row = admin.execute(
        """
        UPDATE payments.instructions SET reservation_id = 999999999
         WHERE tenant_id = %s AND status = 'pending'
        RETURNING id
        """,
        (tenant.id,),
    ).fetchone()
    assert row
    return str(row[0])


def wrong_payroll(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    admin.execute("ALTER TABLE payments.payrolls DISABLE TRIGGER payrolls_stay")
    row = admin.execute(
        """
        UPDATE payments.payrolls SET total_minor = total_minor + 1
         WHERE tenant_id = %s AND external_id = 'PR-1'
        RETURNING id
        """,
        (tenant.id,),
    ).fetchone()
    admin.execute("ALTER TABLE payments.payrolls ENABLE ALWAYS TRIGGER payrolls_stay")
    assert row
    return str(row[0])


def wrong_file(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    admin.execute("ALTER TABLE payments.ach_files DISABLE TRIGGER ach_files_stay")
    row = admin.execute(
        "UPDATE payments.ach_files SET entry_count = entry_count + 1 WHERE tenant_id = %s RETURNING id", (tenant.id,)
    ).fetchone()
    admin.execute("ALTER TABLE payments.ach_files ENABLE ALWAYS TRIGGER ach_files_stay")
    assert row
    return str(row[0])


def lost_settlement(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    admin.execute("ALTER TABLE payments.settlement_events DISABLE TRIGGER append_only")
    admin.execute(
        """
        DELETE FROM payments.settlement_events
         WHERE id = (SELECT id FROM payments.settlement_events WHERE tenant_id = %s AND status = 'settled' LIMIT 1)
        """,
        (tenant.id,),
    )
    admin.execute("ALTER TABLE payments.settlement_events ENABLE ALWAYS TRIGGER append_only")
    return "USD"


def unposted_deposit(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    row = admin.execute(
        """
        INSERT INTO funding.deposits (tenant_id, id, source, external_id, rail, amount_minor, currency, value_on,
                                      transaction_id, settled_at, final_at)
        VALUES (%s, core.new_id('dep'), 'bank', 'ghost', 'wire', 100, 'USD', '2026-11-30', 999999999, now(), now())
        RETURNING id
        """,
        (tenant.id,),
    ).fetchone()
    assert row
    return str(row[0])


def lost_judgement(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    row = admin.execute(
        """
        INSERT INTO funding.gate_evaluations
               (tenant_id, id, gate_type, subject, evaluation_no, legal_entity_id, currency, passed, required_minor,
                available_minor, posted_minor, reserved_minor, own_reserved_minor, requirement, evaluated_at)
        VALUES (%s, core.new_id('evl'), 'pay', 'prl_ghost', 2, %s, 'USD', true, 1, 1, 1, 0, 0, '[]', now())
        RETURNING subject
        """,
        (tenant.id, tenant.legal_entity_id),
    ).fetchone()
    assert row
    return str(row[0])


def provisional_that_lies_nowhere(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    _event(admin, tenant, kind="settled", deadline="infinity")
    return tenant.legal_entity_id


def unposted_event(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    return _event(admin, tenant, kind="settled", deadline=None)


def request_that_lies(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    row = admin.execute(
        """
        UPDATE funding.requests SET status = 'requested'
         WHERE id = (SELECT min(id) FROM funding.requests WHERE tenant_id = %s AND status = 'covered')
        RETURNING id
        """,
        (tenant.id,),
    ).fetchone()
    assert row
    return str(row[0])


def receivable_of_nobody(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    _event(admin, tenant, kind="returned", deadline=None, of_event=_event(admin, tenant, kind="settled", deadline=None))
    return "USD"


def counter_that_lies(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    admin.execute(
        """
        INSERT INTO funding.limit_counters (tenant_id, legal_entity_id, policy, currency, window_on, used)
        VALUES (%s, '', 'velocity', 'USD', '2026-11-30', 5)
        """,
        (tenant.id,),
    )
    return "velocity"


def credit_from_nowhere(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    row = admin.execute(
        """
        INSERT INTO funding.credit_moves (tenant_id, id, idempotency_key, legal_entity_id, currency, kind, amount_minor,
                                          transaction_id, moved_at)
        VALUES (%s, core.new_id('crm'), 'ghost', %s, 'USD', 'repaid', 100, 999999999, now())
        RETURNING id
        """,
        (tenant.id, tenant.legal_entity_id),
    ).fetchone()
    assert row
    return str(row[0])


def _event(
    admin: psycopg.Connection[Any],
    tenant: TenantFixture,
    *,
    kind: str,
    deadline: str | None,
    of_event: str | None = None,
) -> str:
    row = admin.execute(
        """
        INSERT INTO funding.events
               (tenant_id, id, funding_request_id, legal_entity_id, kind, rail, provider, external_trace_id, amount_minor,
                currency, settled_at, return_deadline_at, final_at, of_event_id, return_code, transaction_id,
                receivable_minor)
        SELECT %(t)s, core.new_id('fev'), min(r.id), %(entity)s, %(kind)s, 'ach_debit', 'ghost', core.new_id('tr'), 100,
               'USD', now(), %(deadline)s::timestamptz, CASE WHEN %(kind)s = 'returned' THEN NULL ELSE now() END,
               %(of)s::text, CASE WHEN %(kind)s = 'returned' THEN 'R01' END, 999999999,
               CASE WHEN %(kind)s = 'returned' THEN 100 ELSE 0 END
          FROM funding.requests r
         WHERE r.tenant_id = %(t)s
        RETURNING id
        """,
        {"t": tenant.id, "entity": tenant.legal_entity_id, "kind": kind, "deadline": deadline, "of": of_event},
    ).fetchone()
    assert row
    return str(row[0])


def tried_twice(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    admin.execute("ALTER TABLE payments.delivery_tries DISABLE TRIGGER a_try_needs_proof")
    row = admin.execute(
        """
        INSERT INTO payments.delivery_tries (tenant_id, ach_file_id, try_no, bank, begun_at)
        SELECT tenant_id, id, n, 'sandbox', now()
          FROM (SELECT tenant_id, id FROM payments.ach_files WHERE tenant_id = %s ORDER BY id LIMIT 1) f,
               generate_series(1, 2) n
        RETURNING ach_file_id
        """,
        (tenant.id,),
    ).fetchone()
    admin.execute("ALTER TABLE payments.delivery_tries ENABLE ALWAYS TRIGGER a_try_needs_proof")
    assert row
    return str(row[0])


def return_that_moved_nothing(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    row = admin.execute(
        """
        INSERT INTO payments.returns
               (tenant_id, id, provider, external_id, standing, attempt_id, instruction_id, code, action, is_late,
                dishonor_until, amount_minor, currency, original_trace, original_rdfi, return_trace, settled_on,
                transaction_id, artifact_id, record_id, occurred_at)
        SELECT a.tenant_id, 'ret_ghost', 'ghost', 'ghost', 'counted', a.id, a.instruction_id, 'R23', 'reverse', false,
               '2026-12-09', a.amount_minor, 'USD', a.trace_number, a.rdfi_identification, '021000020000001', '2026-12-02',
               999999999, 'art_ghost', 'rec_ghost', now()
          FROM payments.attempts a
         WHERE a.tenant_id = %s AND a.status = 'settled'
         LIMIT 1
        RETURNING id
        """,
        (tenant.id,),
    ).fetchone()
    assert row
    return str(row[0])


def never_heard_of(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    admin.execute("ALTER TABLE payments.ach_files DISABLE TRIGGER ach_files_stay")
    row = admin.execute(
        """
        UPDATE payments.ach_files f SET heard_by = '2026-11-30'
          FROM payments.attempts a
         WHERE f.tenant_id = %s AND a.tenant_id = f.tenant_id AND a.ach_file_id = f.id AND a.status = 'sent'
        RETURNING a.id
        """,
        (tenant.id,),
    ).fetchone()
    admin.execute("ALTER TABLE payments.ach_files ENABLE ALWAYS TRIGGER ach_files_stay")
    assert row
    return str(row[0])


def dropped_movement(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    row = admin.execute(
        """
        INSERT INTO payments.movements (tenant_id, id, provider, external_trace_id, direction, status, amount_minor, currency,
                                        reference, individual_id, return_code, effective_on, told_at, recorded_at)
        VALUES (%s, core.new_id('mov'), 'ghost', 'g-1', 'credit', 'settled', 100, 'USD', '', '', '', '2026-11-30', now(),
                now() - interval '3 days')
        RETURNING id
        """,
        (tenant.id,),
    ).fetchone()
    assert row
    return str(row[0])


def _second_attempt(admin: psycopg.Connection[Any], tenant: TenantFixture) -> tuple[str, str]:
    """One payment's attempt becomes the second of another payment, whose own is said to have come back."""
    admin.execute("ALTER TABLE payments.attempts DISABLE TRIGGER attempts_stay")
    first, second = admin.execute(
        "SELECT id, instruction_id FROM payments.attempts WHERE tenant_id = %s AND status = 'settled' ORDER BY id",
        (tenant.id,),
    ).fetchall()
    admin.execute("UPDATE payments.attempts SET status = 'returned' WHERE id = %s", (first[0],))
    admin.execute(
        "UPDATE payments.attempts SET instruction_id = %s, attempt_no = 2 WHERE id = %s", (first[1], second[0])
    )
    admin.execute("ALTER TABLE payments.attempts ENABLE ALWAYS TRIGGER attempts_stay")
    return str(first[1]), str(second[0])


def paid_twice(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    return _second_attempt(admin, tenant)[0]


def paid_anew_unasked(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    return _second_attempt(admin, tenant)[1]


def debit_of_no_provider(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    """A debit that stands in no file, and is no order either: nobody would ever send it."""
    admin.execute("ALTER TABLE payments.funding_attempts DISABLE TRIGGER funding_attempts_stay")
    subject = debit_that_lies(admin, tenant)
    admin.execute(
        "UPDATE payments.funding_attempts SET ach_file_id = NULL, trace_number = NULL WHERE tenant_id = %s",
        (tenant.id,),
    )
    admin.execute("ALTER TABLE payments.funding_attempts ENABLE ALWAYS TRIGGER funding_attempts_stay")
    return subject


def debit_that_lies(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    admin.execute("ALTER TABLE payments.funding_attempts DISABLE TRIGGER funding_attempts_are_authorized")
    row = admin.execute(
        """
        WITH allowed AS (
          INSERT INTO funding.debit_authorizations (tenant_id, legal_entity_id, bank_account_id, evidence, decided_at)
          SELECT %(t)s, %(entity)s, min(id), 'ghost', now() FROM parties.bank_accounts WHERE tenant_id = %(t)s
          RETURNING id, bank_account_id
        )
        INSERT INTO payments.funding_attempts
               (tenant_id, id, funding_request_id, attempt_no, legal_entity_id, bank_account_id, authorization_id, amount_minor,
                currency, rail, sec_code, ach_file_id, trace_number, rdfi_identification, individual_id, heard_by, created_at)
        SELECT %(t)s, core.new_id('dbt'), r.id, 1, %(entity)s, a.bank_account_id, a.id, 100, 'USD', 'ach', 'CCD', f.id,
               '990000010000999', '02100002', 'GHOST', 'infinity', now()
          FROM allowed a, (SELECT min(id) AS id FROM funding.requests WHERE tenant_id = %(t)s) r,
               (SELECT min(id) AS id FROM payments.ach_files WHERE tenant_id = %(t)s) f
        RETURNING id
        """,
        {"t": tenant.id, "entity": tenant.legal_entity_id},
    ).fetchone()
    admin.execute("UPDATE payments.funding_attempts SET status = 'settled' WHERE tenant_id = %s", (tenant.id,))
    admin.execute("ALTER TABLE payments.funding_attempts ENABLE ALWAYS TRIGGER funding_attempts_are_authorized")
    assert row
    return str(row[0])


def lost_order(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    """An attempt over a network of which no order tells."""
    admin.execute("ALTER TABLE payments.attempts DISABLE TRIGGER attempts_stay")
    row = admin.execute(
        """
        UPDATE payments.attempts SET rail = 'fednow', ach_file_id = NULL, trace_number = NULL, rdfi_identification = NULL
         WHERE tenant_id = %s AND status = 'sent'
        RETURNING id
        """,
        (tenant.id,),
    ).fetchone()
    admin.execute("ALTER TABLE payments.attempts ENABLE ALWAYS TRIGGER attempts_stay")
    assert row
    return str(row[0])


def judged_by_nobody(admin: psycopg.Connection[Any], tenant: TenantFixture) -> str:
    admin.execute("ALTER TABLE payments.instructions DISABLE TRIGGER instructions_keep_their_keys")
    row = admin.execute(
        """
        UPDATE payments.instructions SET evaluation_id = 'evl_ghost'
         WHERE id = (SELECT min(id) FROM payments.instructions WHERE tenant_id = %s)
        RETURNING id
        """,
        (tenant.id,),
    ).fetchone()
    admin.execute("ALTER TABLE payments.instructions ENABLE ALWAYS TRIGGER instructions_keep_their_keys")
    assert row
    return str(row[0])


PLANTS: dict[str, Plant] = {
    "payments.invariant_keys": judged_by_nobody,
    "payments.invariant_attempts_funded": unfunded,
    "payments.invariant_captures_have_attempts": lost_attempt,
    "payments.invariant_statuses_agree": wrong_status,
    "payments.invariant_pending_is_reserved": pending_without_money,
    "payments.invariant_payroll_totals": wrong_payroll,
    "payments.invariant_file_totals": wrong_file,
    "payments.invariant_files_sent_once": tried_twice,
    "payments.invariant_clearing_residual": lost_settlement,
    "payments.invariant_returns_moved_their_money": return_that_moved_nothing,
    "payments.invariant_paid_once": paid_twice,
    "payments.invariant_retries_follow_failures": paid_anew_unasked,
    "payments.invariant_settlements_heard": never_heard_of,
    "payments.invariant_movements_accounted": dropped_movement,
    "payments.invariant_debits_agree": debit_that_lies,
    "payments.invariant_debit_orders_agree": debit_of_no_provider,
    "payments.invariant_orders_agree": lost_order,
    "funding.invariant_deposits_posted": unposted_deposit,
    "funding.invariant_evaluations_numbered": lost_judgement,
    "funding.invariant_provisional_is_held": provisional_that_lies_nowhere,
    "funding.invariant_events_posted": unposted_event,
    "funding.invariant_requests_agree": request_that_lies,
    "funding.invariant_receivable_is_owed": receivable_of_nobody,
    "funding.invariant_counters_add_up": counter_that_lies,
    "funding.invariant_credit_is_posted": credit_from_nowhere,
}


@pytest.mark.plants
@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.slow
def test_a_planted_violation_is_named(
    database: Database, tenant: TenantFixture, admin: psycopg.Connection[Any], name: str
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "1000.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00", "20.00"))
        (file,) = payments.submit_due(tx, on=MONDAY)
        stories.at(tx, WEDNESDAY)
        artifact = stories.read(tx, "tue", stories.statement([payments.file_bytes(tx, file.id)]))
        payments.settle_from_statement(tx, artifact_id=artifact)
        payments.commit_payroll(tx, stories.batch(tx, tenant, "30.00", payroll_id="PR-2", pay_on=WEDNESDAY))
        payments.submit_due(tx, on=WEDNESDAY)
        payments.commit_payroll(tx, stories.batch(tx, tenant, "40.00", payroll_id="PR-3", pay_on=stories.FRIDAY))
    assert checks.run(database, [tenant.id]).ok

    subject = PLANTS[name](admin, tenant)

    found = {one.name: one for one in checks.run(database, [tenant.id]).invariants}
    matching = [one for label, one in found.items() if label.endswith(name) or label == name.replace("invariant_", "")]
    assert len(matching) == 1, sorted(found)
    assert matching[0].violations >= 1
    assert subject in str(matching[0].sample)


def test_every_invariant_of_these_domains_has_its_plant(admin: psycopg.Connection[Any]) -> None:
    views = admin.execute(
        """
        SELECT schemaname || '.' || viewname FROM pg_views
         WHERE schemaname IN ('payments', 'funding') AND viewname LIKE 'invariant\\_%'
        """
    ).fetchall()

    assert {row[0] for row in views} == set(PLANTS)
