"""Whom a tenant speaks to over each rail: FedNow, RTP or Fedwire through a bank's gateway, from one account at that bank.

    set_provider(tx, rail="fednow", url="https://…", routing_number="…", account_number="…", address=Address("Lisle"))
    providers_of(database, tenant_id)["fednow"].submit(order, created_at=…)

The bank is known by its routing number, and its profile says whether it offers the rail. A test tenant speaks to a
simulated bank and to no other, a live one never does. URL, account number and Authorization are sealed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, LiteralString
from urllib.parse import urlsplit
from uuid import UUID

from headgate import audit, rails
from headgate.core import egress, secrets
from headgate.core.db import Actor, Database, Tx
from headgate.payments.errors import InvalidProvider, NoSuchProvider
from headgate.rails import PostalAddress, banks, is_routing_number, iso20022
from headgate.tenants import current_tenant

CONTEXT: Final = "payments.provider_settings.secrets_sealed"
ACTOR: Final = Actor.system("payment_orders")
RAILS: Final = tuple(sorted({*iso20022.NETWORKS, "wire", *rails.column.KIND_OF_RAIL}))
"""The rails that are spoken to, order by order; ACH and cheques only where the bank's own API takes them."""

COLUMN: Final = "column"

TIMEOUT_SECONDS: Final = 20
WIRE: Final = "wire"
_ACCOUNT = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,33}\Z")
_COLUMNS_ACCOUNT = re.compile(r"bacc_[0-9A-Za-z]{1,60}\Z")

_SELECT: LiteralString = """
    SELECT s.rail, s.bank, s.routing_number, s.account_last4, s.address, s.url_shown AS url, s.has_authorization,
           s.timeout_seconds, s.fallback_rail, s.set_at, s.set_by
      FROM (SELECT DISTINCT ON (rail) *
              FROM payments.provider_settings WHERE tenant_id = %(tenant)s
             ORDER BY rail, set_at DESC) s
     WHERE s.is_active AND (%(rail)s::text IS NULL OR s.rail = %(rail)s)
     ORDER BY s.rail
"""


@dataclass(frozen=True, slots=True)
class ProviderSetting:
    """Whom a tenant speaks to over a rail. `url` lacks its query, and of the account its last four are shown.

    `fallback_rail` takes what cannot go over this rail; None: such a payment waits, with a case.
    """

    rail: str
    bank: str
    routing_number: str
    account_last4: str
    address: Mapping[str, Any]
    url: str
    has_authorization: bool
    timeout_seconds: int
    fallback_rail: str | None
    set_at: datetime
    set_by: str


def set_provider(
    tx: Tx,
    *,
    rail: str,
    url: str,
    routing_number: str,
    account_number: str,
    address: PostalAddress,
    authorization: str = "",
    timeout_seconds: int = TIMEOUT_SECONDS,
    fallback_rail: str | None = None,
    bank: str | None = None,
) -> ProviderSetting:
    """Speak to this provider over a rail from now on; the rail's provider before is replaced.

    `account_number` is the account that payments leave, `address` that of the paying company, `bank` the bank's profile
    where its routing number does not tell it. At Column the account is its id (`bacc_…`), and the API key stands as
    `authorization`. Whether the URL may be called
    is for `egress.Client.check` to say before, and for every call again.
    Raises InvalidProvider with every problem; rails.RailNotOffered naming the bank's rails.
    """
    problems = [
        *_problems(rail, url, routing_number, authorization, timeout_seconds, fallback_rail),
        *([] if address.town.strip() else ["the address has no town; the network asks for it"]),
    ]
    if problems:
        raise _invalid(problems)
    profile = banks.get(bank) if bank else banks.of_routing(routing_number)
    problems = [
        *_mode_problems(tx, profile),
        *_url_problems(tx, url),
        *_account_problems(profile, rail, account_number),
        *(_column_problems(tx, rail, authorization) if profile.interface == COLUMN else []),
    ]
    if problems:
        raise _invalid(problems)
    for one in (rail, fallback_rail):
        if one is not None:
            banks.terms(profile, one)
    if rail == WIRE:
        problems = wire_problems(profile)
        if problems:
            raise _invalid(problems)
    sealed = {"url": url.rstrip("/"), "account_number": account_number, "authorization": authorization}
    tx.run(
        """
        INSERT INTO payments.provider_settings
               (tenant_id, rail, is_active, bank, routing_number, account_last4, address, url_shown, secrets_sealed,
                has_authorization, timeout_seconds, fallback_rail)
        VALUES (%(tenant)s, %(rail)s, true, %(bank)s, %(routing)s, %(last4)s, %(address)s, %(shown)s, %(sealed)s,
                %(has)s, %(timeout)s, %(fallback)s)
        """,
        {
            "tenant": tx.tenant_id,
            "rail": rail,
            "bank": profile.name,
            "routing": routing_number,
            "last4": account_number[-4:],
            "address": json.dumps(asdict(address)),
            "shown": _shown(url),
            "sealed": secrets.seal(tx, json.dumps(sealed).encode(), context=CONTEXT),
            "has": bool(authorization),
            "timeout": timeout_seconds,
            "fallback": fallback_rail,
        },
    )
    facts = {"rail": rail, "bank": profile.name, "host": urlsplit(url).hostname, "fallback_rail": fallback_rail}
    audit.record(tx, type="payments.provider.set", data=facts)
    return get_provider(tx, rail)


def remove_provider(tx: Tx, rail: str) -> None:
    """Send nothing over this rail any more; what is under way is not asked about either. Raises NoSuchProvider."""
    get_provider(tx, rail)
    tx.run(
        """
        INSERT INTO payments.provider_settings
               (tenant_id, rail, is_active, bank, routing_number, account_last4, address, url_shown, secrets_sealed,
                has_authorization, timeout_seconds, fallback_rail)
        SELECT tenant_id, rail, false, bank, routing_number, account_last4, address, url_shown, secrets_sealed,
               has_authorization, timeout_seconds, fallback_rail
          FROM payments.provider_settings
         WHERE tenant_id = %(tenant)s AND rail = %(rail)s ORDER BY set_at DESC LIMIT 1
        """,
        {"tenant": tx.tenant_id, "rail": rail},
    )
    audit.record(tx, type="payments.provider.removed", data={"rail": rail})


def list_providers(tx: Tx) -> Sequence[ProviderSetting]:
    """The tenant's providers, by rail."""
    return tx.setting(
        "payments.provider_settings",
        lambda: tx.all(_SELECT, {"tenant": tx.tenant_id, "rail": None}, row=ProviderSetting),
    )


def get_provider(tx: Tx, rail: str) -> ProviderSetting:
    """The provider of a rail. Raises NoSuchProvider."""
    found = tx.maybe(_SELECT, {"tenant": tx.tenant_id, "rail": rail}, row=ProviderSetting)
    if found is None:
        raise NoSuchProvider(f"no provider is set for {rail[:20]}; set one with `headgate payments set-provider`")
    return found


def providers_of(database: Database, tenant_id: UUID) -> Mapping[str, rails.Correspondent]:
    """The tenant's providers by rail, ready to be spoken to with no transaction open; none for a rail that has none."""
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        return providers_in(tx)


def providers_in(tx: Tx) -> Mapping[str, rails.Correspondent]:
    """The same, to judge orders with in a transaction; a provider is called only after it."""
    settings = list_providers(tx)
    if not settings:
        return {}
    livemode = current_tenant(tx).livemode
    found: dict[str, rails.Correspondent] = {}
    for one in settings:
        bank = banks.get(one.bank)
        if bank.identity.is_simulated == livemode:
            continue  # A profile that changed since: no test tenant reaches a bank, and no live one a simulator.
        found[one.rail] = _provider(tx, one, is_simulated=bank.identity.is_simulated)
    return found


def wire_problems(bank: banks.Profile) -> list[str]:
    """Why no wire is sent to a bank as a message. Raises RailNotOffered, NotEntered naming the key."""
    terms = banks.terms(bank, WIRE)
    rails.cutoffs.schedule_of(bank, WIRE)
    if bank.interface == COLUMN:
        return []
    if isinstance(terms, banks.Wire) and (terms.by != "api" or terms.message != "pacs.008"):
        how = {"portal_form": "by a form of its portal", "api": "over an interface of its own"}.get(
            terms.message, terms.by
        )
        return [f"{bank.name} takes wires {how}; Headgate sends them as pacs.008 over an interface"]
    return []


def _provider(tx: Tx, one: ProviderSetting, *, is_simulated: bool) -> rails.Correspondent:
    opened = json.loads(secrets.open_sealed(tx, _sealed(tx, one.rail), context=CONTEXT))
    if banks.get(one.bank).interface == COLUMN:
        return rails.ColumnProvider(
            name=one.rail,
            url=opened["url"],
            client=egress.Client.from_config(tx.config, timeout_seconds=one.timeout_seconds),
            account=rails.column.Account(opened["account_number"]),
            api_key=opened["authorization"],
            is_simulated=is_simulated,
        )
    make = _fedwire if one.rail == WIRE else _instant
    address = PostalAddress(**{**one.address, "lines": tuple(one.address.get("lines", ()))})
    return rails.InstantProvider(
        rail=make(one, opened["account_number"], address, is_simulated=is_simulated),
        url=opened["url"],
        client=egress.Client.from_config(tx.config, timeout_seconds=one.timeout_seconds),
        authorization=opened["authorization"],
    )


def _instant(
    one: ProviderSetting, account: str, address: PostalAddress, *, is_simulated: bool
) -> rails.AskingInstantRail | rails.FedwireRail:
    return rails.AskingInstantRail(_network(one), one.routing_number, account, address, is_simulated=is_simulated)


def _fedwire(
    one: ProviderSetting, account: str, address: PostalAddress, *, is_simulated: bool
) -> rails.AskingInstantRail | rails.FedwireRail:
    bank = banks.get(one.bank)
    terms = banks.terms(bank, WIRE)
    assert isinstance(terms, banks.Wire), "the section [wire] is one"
    return rails.FedwireRail(
        schedule=rails.cutoffs.schedule_of(bank, WIRE),
        routing=one.routing_number,
        account=account,
        address=address,
        asks_after_seconds=terms.asks_after_seconds,
        opens_day_before_at=terms.opens_day_before_at,
        is_simulated=is_simulated,
        drawdown_schedule=_drawdown_schedule(bank),
    )


def _drawdown_schedule(bank: banks.Profile) -> rails.cutoffs.Schedule | None:
    """When the bank takes drawdown requests; None where it takes none, or its guide has to say first."""
    try:
        return rails.cutoffs.schedule_of(bank, "drawdown")
    except (rails.RailNotOffered, rails.NotEntered):
        return None


def _network(one: ProviderSetting) -> iso20022.Network:
    """The network as the bank's profile has it: its question may be asked later than the network's own clock says."""
    network = iso20022.NETWORKS[one.rail]
    terms = banks.terms(banks.get(one.bank), one.rail)
    waits = terms.asks_after_seconds if isinstance(terms, banks.Instant) else 0
    return replace(network, ask_after_seconds=max(network.ask_after_seconds, waits))


def _sealed(tx: Tx, rail: str) -> bytes:
    return bytes(
        tx.value(
            """
            SELECT secrets_sealed FROM payments.provider_settings
             WHERE tenant_id = %(tenant)s AND rail = %(rail)s ORDER BY set_at DESC LIMIT 1
            """,
            {"tenant": tx.tenant_id, "rail": rail},
        )
    )


def _problems(
    rail: str,
    url: str,
    routing_number: str,
    authorization: str,
    timeout_seconds: int,
    fallback_rail: str | None,
) -> list[str]:
    found = []
    if rail not in RAILS:
        found.append(f"no provider is spoken to over '{rail[:20]}'; the rails are {', '.join(RAILS)}")
    if fallback_rail is not None and (fallback_rail == rail or fallback_rail not in RAILS):
        found.append(f"fallback_rail is another rail: one of {', '.join(one for one in RAILS if one != rail)}")
    if not is_routing_number(routing_number):
        found.append("routing_number must be nine digits with their check digit")
    if not authorization.isascii() or not authorization.isprintable():
        found.append("authorization must be plain characters, as they stand in the header")
    if not 1 <= timeout_seconds <= 120:
        found.append("timeout_seconds must be 1 to 120")
    if len(url) > 2000 or not url.isascii() or not url.startswith(("http://", "https://")) or "?" in url:
        found.append("url must be an http or https URL of up to 2,000 characters, without a query")
    elif "@" in urlsplit(url).netloc:
        found.append("url must not carry a user or password; give them as authorization")
    return found


def _mode_problems(tx: Tx, bank: banks.Profile) -> list[str]:
    """A test tenant speaks to a simulated bank and nobody else; a live tenant never does."""
    simulated = bank.identity.is_simulated
    if current_tenant(tx).livemode:
        return [f"{bank.name} is a simulated bank; a live tenant names its own"] if simulated else []
    return [] if simulated else [f"a test tenant speaks to a simulated bank; {bank.name} is none"]


def _account_problems(bank: banks.Profile, rail: str, account_number: str) -> list[str]:
    if bank.interface == COLUMN:
        return [] if _COLUMNS_ACCOUNT.match(account_number) else ["account_number must be Column's id of it, as bacc_…"]
    found = []
    if not _ACCOUNT.match(account_number):
        found.append("account_number must have 1 to 34 letters, digits and '-'")
    if rail not in (*iso20022.NETWORKS, WIRE):
        found.append(f"{bank.name} takes {rail} in files; only a bank's own API is spoken to over it")
    return found


def _column_problems(tx: Tx, rail: str, api_key: str) -> list[str]:
    """A test tenant's key begins with test_, a live one's with live_; and Column chooses between FedNow and RTP itself."""
    prefix = "live_" if current_tenant(tx).livemode else "test_"
    found = (
        [] if api_key.startswith(prefix) else [f"authorization must be Column's API key, which begins with {prefix}"]
    )
    other = {"fednow": "rtp", "rtp": "fednow"}.get(rail)
    found += [
        f"Column chooses between FedNow and RTP itself, and is set for {other} already; set one of them"
        for one in list_providers(tx)
        if one.rail == other and banks.get(one.bank).interface == COLUMN
    ]
    return found


def _url_problems(tx: Tx, url: str) -> list[str]:
    if tx.config.production and not url.startswith("https://"):
        return ["in production a provider is spoken to by https only"]
    return []


def _invalid(problems: list[str]) -> InvalidProvider:
    return InvalidProvider("; ".join(problems), problems=problems)


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
