"""What stands in the product as lines of text: one round trip after every step."""

from __future__ import annotations

from typing import LiteralString

PROBE: LiteralString = """
    SELECT (SELECT array_agg(x.purpose || ' ' || x.minor)
              FROM (SELECT a.purpose, sum(b.posted_minor) AS minor
                      FROM ledger.accounts a
                      JOIN ledger.balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
                     WHERE a.purpose IN ('CASH', 'OWN_FUNDS', 'PAYROLL_CLEARING', 'SETTLEMENT_CLEARING',
                                         'RETURNS_RECEIVABLE', 'PROVISIONAL_FUNDS', 'SUSPENSE')
                     GROUP BY a.purpose HAVING sum(b.posted_minor) <> 0) x) AS balances,
           (SELECT array_agg(concat_ws(' ', 'client', CASE WHEN a.legal_entity_id = %(first)s THEN 0 ELSE 1 END,
                                       'posted', b.posted_minor, 'reserved', b.reserved_minor,
                                       'available', b.available_minor, 'owed',
                                       (SELECT coalesce(sum(r.owed_minor), 0) FROM funding.receivables r
                                         WHERE r.legal_entity_id = a.legal_entity_id),
                                       'drawn',
                                       (SELECT coalesce(sum(CASE m.kind WHEN 'drawn' THEN m.amount_minor
                                                                        ELSE -m.amount_minor END), 0)
                                          FROM funding.credit_moves m WHERE m.legal_entity_id = a.legal_entity_id))
                             ORDER BY a.legal_entity_id <> %(first)s)
              FROM ledger.accounts a
              JOIN ledger.balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
             WHERE a.purpose = 'CLIENT_FUNDS') AS clients,
           (SELECT array_agg(concat_ws(' ', p.external_id, p.status, 'judged', p.evaluation_no))
              FROM payments.payrolls p) AS payrolls,
           (SELECT array_agg(concat_ws(' ', p.external_id, split_part(i.idempotency_key, ':', 4), i.amount_minor,
                                       i.status, 'holds',
                                       (SELECT coalesce(sum(r.remaining_minor), 0) FROM ledger.reservations r
                                         WHERE r.source_ref = i.id AND r.status = 'active'),
                                       'attempt',
                                       coalesce((SELECT string_agg(t.status, ' ' ORDER BY t.attempt_no)
                                                   FROM payments.attempts t WHERE t.instruction_id = i.id), '-')))
              FROM payments.instructions i
              JOIN payments.payrolls p ON p.tenant_id = i.tenant_id AND p.id = i.payroll_id) AS payments,
           (SELECT array_agg(concat_ws(' ', coalesce(p.external_id, r.idempotency_key), r.status, 'asked', r.asked_minor,
                                       'received',
                                       (SELECT coalesce(sum(CASE WHEN e.kind = 'returned' THEN -e.amount_minor
                                                                 ELSE e.amount_minor END), 0)
                                          FROM funding.events e WHERE e.funding_request_id = r.id),
                                       coalesce(r.block_reason, '-')))
              FROM funding.requests r
              LEFT JOIN payments.payrolls p ON p.tenant_id = r.tenant_id AND p.id = r.subject) AS requests,
           (SELECT array_agg(concat_ws(' ', CASE WHEN f.legal_entity_id = %(first)s THEN 0 ELSE 1 END, f.effective_on,
                                       f.entry_count, f.status))
              FROM payments.ach_files f) AS files
"""

MORE_THAN_FINAL: LiteralString = """
    SELECT i.legal_entity_id
      FROM payments.attempts t
      JOIN payments.instructions i ON i.tenant_id = t.tenant_id AND i.id = t.instruction_id
     WHERE t.status <> 'returned'
     GROUP BY i.legal_entity_id
    HAVING sum(t.amount_minor)
           > (SELECT coalesce(sum(d.amount_minor), 0) FROM funding.deposits d WHERE d.legal_entity_id = i.legal_entity_id)
             + (SELECT coalesce(sum(e.amount_minor), 0) FROM funding.events e
                  JOIN funding.finalisations f ON f.tenant_id = e.tenant_id AND f.event_id = e.id
                 WHERE e.legal_entity_id = i.legal_entity_id AND e.final_at <= f.finalised_at)
             + (SELECT coalesce(sum(m.amount_minor), 0) FROM funding.credit_moves m
                 WHERE m.legal_entity_id = i.legal_entity_id AND m.kind = 'drawn')
"""
