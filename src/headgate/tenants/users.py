"""Persons: the human beings behind keys and sessions. One person, one row, so that four eyes are two people."""

from __future__ import annotations

from headgate import audit
from headgate.core.db import Tx
from headgate.tenants.errors import EmailTaken
from headgate.tenants.model import Person, check_email, check_name


def create_user(tx: Tx, *, email: str, display_name: str) -> Person:
    """Add a person. Raises MalformedEmail, MalformedName, EmailTaken."""
    person = tx.maybe(
        """
        INSERT INTO tenants.users (tenant_id, email, display_name)
        VALUES (%(tenant_id)s, %(email)s, %(display_name)s)
        ON CONFLICT (tenant_id, email) DO NOTHING
        RETURNING id, email, display_name, created_at
        """,
        {
            "tenant_id": tx.tenant_id,
            "email": check_email(email),
            "display_name": check_name(display_name, field="display_name", length_max=100),
        },
        row=Person,
    )
    if person is None:
        raise EmailTaken("this tenant has a person with that e-mail address already")
    audit.record(tx, type="tenants.user.created", data={"user_id": person.id})
    return person


def find_user(tx: Tx, email: str) -> Person | None:
    """The person with that e-mail address."""
    return tx.maybe(
        """
        SELECT id, email, display_name, created_at
          FROM tenants.users
         WHERE tenant_id = %(tenant_id)s AND email = %(email)s
        """,
        {"tenant_id": tx.tenant_id, "email": check_email(email)},
        row=Person,
    )


def users(tx: Tx, *, after: str = "", limit: int = 100) -> list[Person]:
    """The tenant's persons in order of their ids."""
    return tx.all(
        """
        SELECT id, email, display_name, created_at
          FROM tenants.users
         WHERE tenant_id = %(tenant_id)s AND id > %(after)s
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"tenant_id": tx.tenant_id, "after": after, "limit": limit},
        row=Person,
    )
