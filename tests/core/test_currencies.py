"""The exponent of a currency comes from one table; the database has a copy, held equal here."""

from __future__ import annotations

from typing import Any

import psycopg

from headgate.core.currencies import EXPONENTS


def test_the_databases_exponents_are_pythons(admin: psycopg.Connection[Any]) -> None:
    codes = [f"{a}{b}{c}" for a in LETTERS for b in LETTERS for c in LETTERS]

    rows = admin.execute(
        "SELECT code, core.currency_exponent(code) FROM unnest(%s::text[]) AS u (code)"
        " WHERE core.currency_exponent(code) IS NOT NULL",
        [codes],
    ).fetchall()

    assert dict(rows) == EXPONENTS


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
