"""The simulated Column: one platform with its accounts, counterparties, transfers, events, reports and webhook endpoints.

    twin = ColumnTwin(seed=7, noise=WebhookNoise(missing=10, twice=10, late=20), clock=clock)
    status, document = twin.call("POST", "/transfers/ach", {}, {"amount": 6000, …}, key="att_…")
    twin.advance()                  # what is due by the clock happens, and becomes events
    twin.deliveries()               # the webhooks that are due, signed; late ones are overtaken

Its transfers and their lives are in `column_platform`, what is asked for beside them in `column_twin_requests`. Not for
several threads at once (`column_face` sees to that).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from headgate.rails import column_lists
from headgate.rails.column.reading import PATHS, Kind
from headgate.rails.column.requests import IDEMPOTENT
from headgate.rails.column_lives import PAID, Fate, family_of, fate_of, steps_of
from headgate.rails.column_platform import PREFIX, Document, Life, Platform, text_of

Query = Mapping[str, list[str]]
Said = tuple[int, Document]

KEY: Final = "test_twin"
"""The API key that the simulated Column takes, unless another is given."""

LOST: Final = 599
"""No status of HTTP: the call is to hang, and nobody answers."""

_NAMES: Final[Mapping[Kind, str]] = {
    "ach": "ach_transfer_id",
    "wire": "wire_transfer_id",
    "realtime": "realtime_transfer_id",
    "check": "check_transfer_id",
    "book": "book_transfer_id",
}


class ColumnTwin(Platform):
    """The other side of Column's API, over values; `call` is a request, `advance` the passing of time."""

    def call(self, method: str, path: str, query: Query, body: Document, *, key: str = "") -> Said:
        """One request and its answer. With a key that was used before, the first answer again."""
        self.calls.append((method, path))
        route = self._route(method, path)
        if route is None:
            return _refusal(404, "not_found", f"there is no {method} {path}")
        verb, args, keeps_key = route
        if not (key and keeps_key):
            return verb(*args, query, body, key)
        digest = hashlib.sha256(json.dumps([path, body], sort_keys=True).encode()).hexdigest()
        if key in self._answers:
            before, answer = self._answers[key]
            if before != digest:
                return _refusal(409, "idempotency_key_reused", "this key was used with another body")
            return answer
        answer = verb(*args, query, body, key)
        if answer[0] in (200, 201):
            self._answers[key] = (digest, answer)
        elif answer[0] == LOST:
            self._answers[key] = (digest, (200, answer[1]))
        return answer

    def _route(self, method: str, path: str) -> tuple[Callable[..., Said], tuple[Any, ...], bool] | None:
        parts = path.strip("/").split("/")
        kinds: dict[str, Kind] = {prefix.rpartition("/")[2]: kind for kind, prefix in PATHS.items()}
        match (method, *parts):
            case ("POST", "transfers", "checks", "issue"):
                return self._create, ("check",), True
            case ("POST", "transfers", word) if word in kinds and word != "checks":
                return self._create, (kinds[word],), kinds[word] in IDEMPOTENT
            case ("GET", "transfers"):
                return self._list, ("transfers", self.transfers), False
            case ("GET", "transfers", word) if word in kinds:
                found = [one for one in self.transfers if one["id"].startswith(PREFIX[kinds[word]])]
                return self._list, ("transfers", found), False
            case ("POST", "transfers", "realtime", "request-for-payment"):
                return self._ask, (), False
            case ("GET", "transfers", "realtime", "request-for-payment"):
                return self._list, ("requests", self.requests.asked), False
            case ("GET", "transfers", word, name) if word in kinds:
                return self._one, (self.transfers, name), False
            case ("POST", "transfers", "realtime", name, "return-request"):
                return self._ask_back, (name,), False
            case ("POST", "transfers", word, name, ("cancel" | "reverse") as how) if word in kinds:
                return self._stop, (name, how), True
            case ("GET", "counterparties"):
                return self._find_counterparties, (), False
            case ("POST", "counterparties"):
                return self._counterparty, (), False
            case ("GET", "events"):
                return self._list, ("events", self.events), False
            case ("GET", "events", name):
                return self._one, (self.events, name), False
            case ("POST", "webhook-endpoints"):
                return self._add_endpoint, (), False
            case ("POST", "reporting"):
                return self._report, (), False
            case ("GET", "reporting"):
                return self._list, ("reports", self.reports), False
            case ("GET", "reporting", name):
                return self._one, (self.reports, name), False
            case ("GET", "documents", name):
                return self._document, (name,), False
            case ("POST", "simulate", what):
                return self._receive, (what,), False
            case ("POST", "simulate", "transfers", word, "settle") if word in kinds:
                return self._settle, (kinds[word],), False
            case ("POST", "twin", "return"):
                return self._return, (), False
            case ("POST", "twin", "recall"):
                return self._recall, (), False
        return None

    def _list(self, name: str, objects: list[Document], query: Query, body: Document, key: str) -> Said:
        return column_lists.page(name, objects, query)

    def _one(self, objects: list[Document], name: str, query: Query, body: Document, key: str) -> Said:
        found = next((one for one in objects if one["id"] == name), None)
        return (200, found) if found else _refusal(404, "not_found", f"there is no {name[:40]}")

    def _find_counterparties(self, query: Query, body: Document, key: str) -> Said:
        wanted = {name: query[name][0] for name in ("routing_number", "account_number") if query.get(name)}
        found = [one for one in self.counterparties if all(one[name] == value for name, value in wanted.items())]
        return column_lists.page("counterparties", found, query)

    def _counterparty(self, query: Query, body: Document, key: str) -> Said:
        for name in ("routing_number", "account_number"):
            if not isinstance(body.get(name), str) or not body[name]:
                return _refusal(400, "invalid_parameter", f"{name} is required")
        if fate_of(body["account_number"]).refusal:
            return _refusal(400, fate_of(body["account_number"]).refusal, "this account cannot be a counterparty")
        made = {"id": self._id("cpty"), "created_at": text_of(self._clock()), "is_column_account": False, **body}
        self.counterparties.append(made)
        return 200, made

    def _create(self, kind: Kind, query: Query, body: Document, key: str) -> Said:
        known = {one["id"] for one in self.counterparties}
        problem = column_lists.transfer_problem(kind, body, account_id=self.account_id, counterparties=known)
        if problem:
            return _refusal(400, "invalid_parameter", problem)
        whom = next((one for one in self.counterparties if one["id"] == body.get("counterparty_id")), {})
        fate = fate_of(whom.get("account_number", ""))
        if fate.is_down:
            return _refusal(503, "service_unavailable", "try again later")
        now = self._clock()
        made = self._object(kind, body, key, now)
        steps = steps_of(kind, fate)
        draws = kind == "ach" and body["type"] == "DEBIT"
        family = family_of(kind, incoming=False, brings_money=draws)
        life = Life(made, kind, fate, family, draws, [])
        self._lives.append(life)
        self.transfers.append(made)
        self._step(life, steps[0], now)
        life.steps = [(now + self._pace * number, word) for number, word in enumerate(steps[1:], start=1)]
        return (LOST if fate.is_lost else 200), dict(made)

    def _stop(self, name: str, how: str, query: Query, body: Document, key: str) -> Said:
        life = next((one for one in self._lives if one.transfer["id"] == name), None)
        if life is None:
            return _refusal(404, "not_found", f"there is no {name[:40]}")
        if how == "cancel":
            if life.transfer["status"].lower() not in ("initiated", "manual_review"):
                return _refusal(400, "transfer_not_cancelable", "it has left Column already")
            life.steps = []
            self._step(life, "canceled", self._clock())
            return 200, dict(life.transfer)
        asked = {
            "id": self._id("wrrq"),
            "original_transfer_id": name,
            "status": "INITIATED",
            "reason": body.get("reason"),
        }
        self._event("wire.outgoing_return_request.initiated", asked, self._clock())
        return 200, asked

    def _ask_back(self, name: str, query: Query, body: Document, key: str) -> Said:
        life = next((one for one in self._lives if one.transfer["id"] == name), None)
        if life is None or life.transfer.get("is_incoming"):
            return _refusal(404, "not_found", f"there is no outgoing {name[:40]}")
        return self.requests.recall(life.transfer, life.fate, body, self._clock())

    def _ask(self, query: Query, body: Document, key: str) -> Said:
        whom = next((one for one in self.counterparties if one["id"] == body.get("counterparty_id")), None)
        if whom is None or not isinstance(body.get("amount"), int) or body["amount"] <= 0:
            return _refusal(400, "invalid_parameter", "counterparty_id and amount are required")
        fate = fate_of(whom["account_number"])
        if fate.is_down:
            return _refusal(503, "service_unavailable", "try again later")
        status, made = self.requests.ask(fate, body, key, self._clock())
        return (LOST if fate.is_lost else status), made

    def _add_endpoint(self, query: Query, body: Document, key: str) -> Said:
        made = self.postbox.add(self._id("whep"), str(body.get("url", "")), tuple(body.get("enabled_events") or ("*",)))
        enabled = list(made.enabled)
        return 200, {
            "id": made.id,
            "url": made.url,
            "enabled_events": enabled,
            "is_disabled": False,
            "secret": made.secret,
        }

    def _report(self, query: Query, body: Document, key: str) -> Said:
        made = column_lists.report(self._id, body, self._clock(), self.moves)
        if made is None:
            return _refusal(400, "invalid_parameter", "type bank_account_summary, from_date and to_date are required")
        report, rows = made
        self.reports.append(report)
        self.documents[report["json_document_id"]] = rows
        shown = {**report, "status": "scheduled", "completed_at": None, "json_document_id": ""}
        return 200, shown

    def _document(self, name: str, query: Query, body: Document, key: str) -> Said:
        if name not in self.documents:
            return _refusal(404, "not_found", f"there is no {name[:40]}")
        return 200, {"id": name, "url": f"/files/{name}", "type": "report", "ext": "json"}

    def _receive(self, what: str, query: Query, body: Document, key: str) -> Said:
        """Money comes in: an ACH credit, a wire, a realtime or book transfer; or a debit of our account."""
        word = what.removeprefix("receive-")
        kind: Kind | None = {"ach-credit": "ach", "ach-debit": "ach", "wire": "wire", "realtime": "realtime",
                             "book": "book", "check": "check"}.get(word)  # type: ignore[assignment]  # fmt: skip
        if kind is None or not isinstance(body.get("amount"), int) or body["amount"] <= 0:
            return _refusal(400, "invalid_parameter", "amount is required, and something that can be received")
        return 200, dict(self._arrive(kind, body, self._clock(), brings=word != "ach-debit"))

    def _settle(self, kind: Kind, query: Query, body: Document, key: str) -> Said:
        """A transfer that stays goes on to its end."""
        life = next((one for one in self._lives if one.transfer["id"] == body.get(_NAMES[kind])), None)
        if life is None:
            return _refusal(404, "not_found", "there is no such transfer")
        for word in steps_of(kind, PAID):
            if not life.transfer.get(f"{word}_at"):
                self._step(life, word, self._clock())
        return 200, dict(life.transfer)

    def _return(self, query: Query, body: Document, key: str) -> Said:
        """The other bank sends a transfer back, whatever its account says."""
        life = next((one for one in self._lives if one.transfer["id"] == body.get("transfer_id")), None)
        if life is None:
            return _refusal(404, "not_found", "there is no such transfer")
        life.fate, life.steps = Fate(return_code=str(body.get("return_code", "R03"))), []
        self._step(life, "returned", self._clock())
        return 200, dict(life.transfer)

    def _recall(self, query: Query, body: Document, key: str) -> Said:
        """The sender of a wire or a realtime transfer that came in asks for it back."""
        is_wire = not str(body.get("transfer_id")).startswith("rttr_")
        asked = {
            "id": self._id("wrrq" if is_wire else "rtrr"),
            "original_transfer_id": body.get("transfer_id"),
            "status": "INITIATED" if is_wire else "pending",
            "is_incoming": True,
        }
        told = "wire.incoming_return_request.initiated" if is_wire else "realtime.incoming_return_request.pending"
        self._event(told, asked, self._clock())
        return 200, asked


def _refusal(status: int, code: str, message: str) -> Said:
    return status, {"type": "invalid_request", "code": code, "message": message, "details": {}}
