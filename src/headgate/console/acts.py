"""What a person does from a page: plain forms, which work without script.

A form carries a *token*, which only pages of this session hold, so that no other site's page can send it; and a *key*,
drawn with it, so that what is sent twice acts once. What came of it is kept under that key, and the page that follows
says it. What was refused, or failed, is said at the form where it happened, with what was written in it still there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import psycopg
from fastapi import Request

from headgate import cases
from headgate.console.desk import Desk, Trouble
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Forbidden, HeadgateError, Malformed, Refused
from headgate.web import Contended, idempotency

FIELDS_MAX: Final = 100
UNKEPT: Final = frozenset({"token", "login_key", "login_password"})
"""Fields of which nothing is kept, not even a hash: what is short enough to be guessed would be told by it."""
FORM: Final = "application/x-www-form-urlencoded"
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{16,64}\Z")

Form = Mapping[str, str]


class NotOurForm(Forbidden):
    """This form was not sent by a page of this session: open the page again, and send it from there."""

    code = "console.not_our_form"


class NoPerson(Forbidden):
    """This login names no person, and two people decide this: enter by a link of your own."""

    code = "console.no_person"


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in words and figures, and the page (under the tenant's) that shows it."""

    said: str
    page: str


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done on a page. `is_personal`: two people decide it, so the login must name one."""

    permission: str
    do: Callable[[Tx, str, Form], Done | Refused]
    is_personal: bool = False


@dataclass(frozen=True, slots=True)
class OutsideAct:
    """One thing that speaks to the network: `call` is given no transaction, and opens those that it needs."""

    permission: str
    call: Callable[[Desk, str, Form], Done | Refused]
    is_personal: bool = False


@dataclass(frozen=True, slots=True)
class Forms:
    """What the templates need for their forms: the desk's rights, its token, and what came of the last act."""

    desk: Desk
    shown: list[Trouble] = field(default_factory=list)

    @property
    def token(self) -> str:
        return token_of(self.desk.cookie)

    @property
    def said(self) -> str | None:
        return self.desk.said

    def key(self) -> str:
        """A fresh key for one form."""
        return secrets.token_urlsafe(24)

    def trouble(self, name: str, item_id: str, approval_id: str = "") -> Trouble | None:
        """What went wrong at this form (of this request), where the page answers it."""
        found = self.desk.trouble
        if found is None or (found.act, found.item_id, found.form.get("approval_id", "")) != (
            name,
            item_id,
            approval_id,
        ):
            return None
        self.shown.append(found)
        return found

    @property
    def leftover(self) -> Trouble | None:
        """What went wrong at a form that does not stand on the page any more, or not for this person."""
        return None if self.shown else self.desk.trouble

    def off(self, permission: str, *, personal: bool = False) -> str | None:
        """Why this desk cannot do it; None where it can."""
        if not self.desk.may(permission):
            return f"The role {self.desk.seat.role} may not: it needs {permission}."
        if personal and self.desk.seat.person_id is None:
            return "Two people decide this, and this login names no person: headgate console link --person."
        return None

    def is_mine(self, approval: cases.Approval) -> bool:
        """Whether this person asked for it, and so cannot allow it."""
        return approval.maker_person is not None and approval.maker_person == self.desk.seat.person_id


def token_of(cookie: str) -> str:
    """The token of a session's forms: made of its cookie, and telling nothing of it."""
    return hmac.new(cookie.encode(), b"headgate console form", hashlib.sha256).hexdigest()


def form_of(request: Request, desk: Desk) -> Form:
    """The fields of a form that a page of this session sent. Raises NotOurForm, Malformed."""
    require_same_site(request)
    content_type = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if content_type != FORM:
        raise Malformed(f"a form is sent as {FORM}")
    try:
        text = request.scope["headgate"].body.decode("utf-8")
        fields = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=FIELDS_MAX)
    except ValueError as error:
        raise Malformed("the form cannot be read") from error
    form = dict(fields)
    if len(form) != len(fields) or "\0" in text or "%00" in text:
        raise Malformed("the form cannot be read")
    require_token(desk, form.get("token", ""))
    if not _KEY.match(form.get("key", "")):
        raise NotOurForm()
    return form


def require_token(desk: Desk, token: str) -> None:
    """What only pages of this session hold. Raises NotOurForm."""
    if not hmac.compare_digest(token.encode(), token_of(desk.cookie).encode()):
        raise NotOurForm()


def perform(desk: Desk, name: str, act: Act | OutsideAct, item_id: str, form: Form, *, path: str) -> Done | Trouble:
    """Do it once for the form's key; what was done (again, where it was sent twice), or what stood against it."""
    try:
        if act.is_personal and desk.seat.person_id is None:
            desk.require(act.permission)
            raise NoPerson()
        done = _once(desk, act, item_id, form, path)
        if isinstance(done, Refused):
            return Trouble(name, item_id, done.message, done.code, done.status, form)
        return done
    except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
        busy = Contended()
        return Trouble(name, item_id, busy.message, busy.code, busy.status, form)
    except HeadgateError as error:
        return Trouble(name, item_id, error.message, error.code, error.status, form)


def said(desk: Desk, key: str) -> str | None:
    """What this person's form of that key came to; None where there is none."""
    if not _KEY.match(key):
        return None
    with desk.database.begin(tenant_id=desk.seat.tenant_id, actor=desk.seat.actor) as tx:
        found = idempotency.answered(tx, f"console:{key}")
    return str(json.loads(found.answer)["said"]) if found else None


def written(form: Form, name: str, *, what: str, length_max: int = 500) -> str:
    """A text field that must be filled. Raises Malformed saying what to write."""
    text = form.get(name, "").strip()
    if not 1 <= len(text) <= length_max:
        raise Malformed(f"write {what}, in at most {length_max} characters")
    return text


def asked_for(tx: Tx, form: Form, *, action: str, item_id: str, about: str | None = None) -> cases.Approval:
    """The request that a form answers, where it is of this action and about this thing. Raises Malformed, NoSuchApproval.

    `about` names the fact of its payload that says what it is about, where its subject does not.
    """
    found = request_of(tx, form)
    subject = found.payload.get(about) if about else found.subject
    return require_about(found, item_id, is_about=found.action == action and subject == item_id)


def request_of(tx: Tx, form: Form) -> cases.Approval:
    """The request that a form names. Raises Malformed, NoSuchApproval."""
    approval_id = form.get("approval_id", "")
    if not ids.is_id(approval_id, "apr"):
        raise Malformed("the form names no request")
    return cases.get_approval(tx, approval_id)


def require_about(found: cases.Approval, item_id: str, *, is_about: bool) -> cases.Approval:
    """The request, where it is about the thing of the page. Raises Malformed."""
    if not is_about:
        raise Malformed(f"{found.id} is not about {item_id[:40]}")
    return found


def deny(tx: Tx, asked: cases.Approval, form: Form) -> None:
    """Say no to what was asked for, with the reason that the form must have. Raises Malformed and what `cases.reject` does."""
    reason = written(form, "reason", what="why not")
    cases.reject(tx, approval_id=asked.id, digest=form.get("digest", ""), reason=reason)


def denying(path: str, action: str, said: str, *, about: str | None = None) -> Act:
    """The act by which another person denies what was asked for about a thing of the page; `said` is what he is told."""

    def do(tx: Tx, item_id: str, form: Form) -> Done:
        deny(tx, asked_for(tx, form, action=action, item_id=item_id, about=about), form)
        return Done(said, f"/{path}/{item_id}")

    return Act("cases.approve", do, is_personal=True)


def _once(desk: Desk, act: Act | OutsideAct, item_id: str, form: Form, path: str) -> Done | Refused:
    """Do it, or tell what was done under the form's key.

    An act that speaks to the network has no transaction open meanwhile: it moves nothing, so that what is sent twice at
    once may do it twice.
    """
    with desk.begin(act.permission) as tx:
        stored = _recall(tx, form, path)
        if stored is not None:
            return stored
        if isinstance(act, Act):
            done = act.do(tx, item_id, form)
            if isinstance(done, Done):
                _remember(tx, form, path, done)
            return done
    done = act.call(desk, item_id, form)
    if isinstance(done, Done):
        with desk.begin(act.permission) as tx:
            if _recall(tx, form, path) is None:
                _remember(tx, form, path, done)
    return done


def _recall(tx: Tx, form: Form, path: str) -> Done | None:
    stored = idempotency.recall(tx, f"console:{form['key']}", _fingerprint(path, form))
    return None if stored is None else Done(**json.loads(stored.answer))


def _remember(tx: Tx, form: Form, path: str, done: Done) -> None:
    answer = idempotency.Answer(200, json.dumps(asdict(done)))
    idempotency.remember(tx, f"console:{form['key']}", _fingerprint(path, form), answer)


def _fingerprint(path: str, form: Form) -> idempotency.Fingerprint:
    facts = json.dumps(sorted((name, value) for name, value in form.items() if name not in UNKEPT))
    return idempotency.Fingerprint("POST", path, hashlib.sha256(facts.encode()).digest())


def require_same_site(request: Request) -> None:
    """What browsers say of who sends a form: a page of ours. They say nothing, or null, where a page's policy says so."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "null")
    if site not in (None, "same-origin"):
        raise NotOurForm()
    if origin != "null" and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise NotOurForm()
