"""What every `routes.py` shares, so that a route only parses, calls one verb and answers.

`reads`, `writes` and `money` give a route its `Call`: an authenticated caller with the permission asked for, and the
transaction of its tenant. Whatever moves money goes through `call.once`: one effect for one Idempotency-Key, for ever.
Lists take `Page` and answer `page_of`. Errors and refusals become RFC 9457 problems without a route's doing. Amounts
are `MoneyModel`. Names, paths and operation ids are stable: clients are generated from the OpenAPI document.
"""

from headgate.web import idempotency
from headgate.web.application import build_application, prepare
from headgate.web.bodies import parse as parse_json
from headgate.web.calls import Call, money, reads, writes
from headgate.web.errors import Contended
from headgate.web.gathering import Gathering
from headgate.web.health import Check
from headgate.web.metrics import Gauge
from headgate.web.paging import Page, PageOf, PageRequest, page_of
from headgate.web.problems import Problem, field_faults, of_error, of_refusal
from headgate.web.rendering import CurrencyCode, MoneyModel, rendered
from headgate.web.sharing import Asked, SharedCommit

__all__ = [
    "Asked",
    "Call",
    "Check",
    "Contended",
    "CurrencyCode",
    "Gathering",
    "Gauge",
    "MoneyModel",
    "Page",
    "PageOf",
    "PageRequest",
    "Problem",
    "SharedCommit",
    "build_application",
    "field_faults",
    "idempotency",
    "money",
    "of_error",
    "of_refusal",
    "page_of",
    "parse_json",
    "prepare",
    "reads",
    "rendered",
    "writes",
]
