"""The reader at its edges: hostile documents, other wrappers, and bytes of any kind give faults and never an exception."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rails import instants as make

from headgate.core.money import Money
from headgate.rails.iso20022 import (
    FEDNOW,
    MESSAGE_KINDS,
    NETWORKS,
    Message,
    Node,
    build,
    encode,
    read_document,
    read_message,
    reason_codes,
    write_document,
)
from headgate.rails.iso20022.kinds import NAMESPACE
from headgate.rails.iso20022.reader import DEPTH_MAX, SIZE_MAX
from headgate.rails.iso20022.spec import Part, parse_parts, parse_table
from headgate.rails.iso20022.summary import looks_like_message

pytestmark = pytest.mark.slow

GOOD = write_document(make.messages("fednow")["pacs.008"], FEDNOW)
DOCUMENTS = [encode(message) for name in NETWORKS for message in make.messages(name).values()]
BOMB = b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def rules(data: bytes) -> list[tuple[str, str]]:
    return [(fault.rule, fault.level) for fault in read_document(data).faults]


def with_prolog(prolog: bytes, old: bytes = b"PAYROLL", new: bytes = b"PAYROLL") -> bytes:
    head, rest = GOOD.split(b"\n", 1)
    return head + b"\n" + prolog + rest.replace(old, new)


@pytest.mark.parametrize(
    ("rule", "data"),
    [
        ("X-01", b""),
        ("X-01", b"\x80\x81"),
        ("X-01", GOOD[:-20]),
        ("X-01", b"<a>&undeclared;</a>"),
        ("X-02", with_prolog(BOMB, new=b"&b;")),
        ("X-02", with_prolog(b'<!DOCTYPE d SYSTEM "file:///etc/passwd">')),
        ("X-02", with_prolog(b'<!doctype d [<!ENTITY % p SYSTEM "http://192.0.2.1/x"> %p;]>')),
        ("X-02", with_prolog(b"<!ENTITY x SYSTEM 'file:///etc/hostname'>")),
        ("X-03", GOOD.decode().replace("UTF-8", "UTF-16").encode("utf-16")),
        ("X-03", GOOD.decode().encode("utf-32")),
        ("X-03", GOOD.replace(b"UTF-8", b"UTF-7")),
        ("X-03", GOOD.replace(b"UTF-8", b"EBCDIC-CP-US")),
        ("X-04", GOOD + b" " * SIZE_MAX),
        ("X-05", b"<a>" * (DEPTH_MAX + 2) + b"</a>" * (DEPTH_MAX + 2)),
        ("X-05", b"<a>" + b"<b/>" * 30_000 + b"</a>"),
        ("X-06", b"<a/>"),
        ("X-06", b"<FIToFICstmrCdtTrf/>"),
        ("X-06", b"<all>" + GOOD.split(b"\n", 1)[1] * 2 + b"</all>"),
    ],
)
def test_a_hostile_or_foreign_document_is_one_fault_and_no_message(rule: str, data: bytes) -> None:
    assert rules(data) == [(rule, "E")]
    assert read_message(data)[:2] == ("", {})


def test_nothing_is_fetched_and_no_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(*_: object) -> None:
        raise AssertionError("nothing may be opened")

    monkeypatch.setattr("builtins.open", opened)
    monkeypatch.setattr("socket.socket.connect", opened)

    include = b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
    style = b'<?xml-stylesheet href="http://192.0.2.1/x.xsl"?>'
    data = with_prolog(style, b"<Nm>ACME INC</Nm>", b"<Nm>ACME INC</Nm>" + include)

    assert ("S-01", "E") in rules(data)


def test_a_large_document_takes_little_memory() -> None:
    many = b"".join(b"<AdrLine>x</AdrLine>" for _ in range(5_000))
    data = GOOD.replace(b"<StrtNm>Dream Road</StrtNm>", b"<StrtNm>Dream Road</StrtNm>" + many)

    tracemalloc.start()
    found = rules(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert ("S-03", "E") in found
    assert peak < 30_000_000


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda document: b'<In xmlns="urn:gateway"><Msg>' + document + b"</Msg></In>",
        lambda document: document,
        lambda document: b"\xef\xbb\xbf" + document,
        lambda document: b"<!-- a note -->" + document,
    ],
)
def test_a_message_is_found_in_whatever_stands_around_it(wrapped: object) -> None:
    data = wrapped(GOOD.split(b"\n", 1)[1])  # type: ignore[operator]

    read = read_document(data)

    assert (read.message, read.faults) == (make.messages("fednow")["pacs.008"], ())


def test_prefixes_and_an_envelope_of_another_kind_change_nothing() -> None:
    text = GOOD.decode().replace("<BizMsgEnvlp xmlns=", '<m:Message xmlns:m="urn:tch" xmlns=')
    text = text.replace("</BizMsgEnvlp>", "</m:Message>")
    head, _, tail = text.partition("<Document")
    inner = re.sub(r"(</?)([A-Z])", r"\1ct:\2", tail.replace("</m:Message>", "").replace("</Doc>\n", ""))
    prefixed = f"{head}<ct:Document{inner.replace(' xmlns=', ' xmlns:ct=', 1)} </Doc></m:Message>"

    assert read_document(prefixed.encode()).message == make.messages("fednow")["pacs.008"]


def test_elements_of_another_namespace_or_definition_are_told() -> None:
    other = GOOD.replace(
        b"<FIToFICstmrCdtTrf>", b'<FIToFICstmrCdtTrf xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.009.001.08">'
    )
    child = GOOD.replace(b"<PmtId>", b'<PmtId xmlns="urn:x">')

    assert ("X-07", "E") in rules(other)
    assert next(rule for rule, _ in rules(child)) == "X-07"
    assert ("X-08", "E") in rules(GOOD.replace(b"<PmtId>", b'<PmtId id="1">'))


def test_the_network_is_known_by_the_clearing_system_or_the_header() -> None:
    assert read_message(GOOD)[1]["network"] == "FedNow"
    assert read_message(encode(make.messages("rtp")["pacs.008"]))[1]["network"] == "RTP"
    assert read_message(encode(make.messages("fednow")["camt.056"]))[1]["network"] == "FedNow"
    nowhere = make.put(make.messages("rtp")["pacs.008"], "GrpHdr/SttlmInf/ClrSys/Cd", "ABC")
    assert rules(encode(nowhere)) == [("B-03", "W")]


def test_a_summary_says_what_may_be_shown() -> None:
    assert read_message(GOOD)[:2] == (
        "pacs.008.001.08",
        {
            "title": "customer credit transfer",
            "network": "FedNow",
            "message_id": make.payment().message_id,
            "created_at": "2026-11-24T10:00:00-05:00",
            "end_to_end_id": "ref-att_1",
            "uetr": make.payment().uetr,
            "amount": "1250.50 USD",
            "settlement_on": "2026-11-24",
            "from_bank": "231380104",
            "to_bank": "021000021",
            "from_account": "…6789",
            "to_account": "…4321",
        },
    )
    assert all(looks_like_message(document) for document in DOCUMENTS)
    assert not looks_like_message(b"101 231380104")


def test_every_reason_has_a_word_of_ours_and_says_whether_to_try_again() -> None:
    rows = reason_codes().values()

    assert len(rows) > 100
    assert {row.again for row in rows} == {"never", "no", "after_mending", "later", "ask"}
    assert {row.network for row in rows} == {"any", "fednow", "rtp"}
    assert all(row.reason and row.action and row.title for row in rows)
    assert (reason_codes()["DUPL"].reason, reason_codes()["DUPL"].again) == ("already_sent", "never")


# Properties ----------------------------------------------------------------------------------------------------------

PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=35).filter(str.strip)
ADDRESSES = st.builds(
    build.Address,
    town=PLAIN,
    street=PLAIN,
    post_code=st.just("60532"),
    state=PLAIN,
    lines=st.lists(PLAIN, max_size=1).map(tuple),
)
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))


@given(
    name=st.sampled_from(sorted(NETWORKS)),
    minor=st.integers(1, 1_000_000_000),
    texts=st.tuples(PLAIN, PLAIN, PLAIN, PLAIN, PLAIN),
    at=INSTANTS,
    address=st.none() | ADDRESSES,
)
@settings(max_examples=80, deadline=None)
def test_whatever_is_written_reads_back_equal_and_without_a_fault(
    name: str, minor: int, texts: tuple[str, ...], at: datetime, address: build.Address | None
) -> None:
    network = NETWORKS[name]
    account, debtor, creditor, reference, text = texts
    payment = make.payment(
        network,
        created_at=at,
        message_id=make.identifiers.message_id(network, make.OURS, at, reference),
        amount=Money(minor, "USD"),
        end_to_end_id=f"r{reference}"[:35],
        debtor=build.Side(debtor, "1", make.OURS, make.LISLE),
        creditor=build.Side(creditor, account[:34] + "1" * (not account[:34].strip()), make.THEIRS, address),
        remittance=text,
    )
    message = build.transfer(network, payment)

    content = write_document(message, network)
    read = read_document(content)

    assert (read.message, read.faults) == (message, ())
    assert read.message is not None and read.message.body.money("CdtTrfTxInf/IntrBkSttlmAmt") == Money(minor, "USD")
    assert encode(read.message) == content


@given(data=st.data(), document=st.sampled_from(DOCUMENTS))
@settings(max_examples=250, deadline=None)
def test_mutilated_bytes_give_faults_or_another_message(data: st.DataObject, document: bytes) -> None:
    content = bytearray(document)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        change = data.draw(st.sampled_from(["flip", "cut", "double", "put"]))
        if change == "flip":
            content[at] = data.draw(st.integers(0, 255))
        elif change == "cut":
            del content[at : at + data.draw(st.integers(1, 40))]
        elif change == "double":
            content[at:at] = content[at : at + data.draw(st.integers(1, 200))]
        else:
            content[at:at] = data.draw(
                st.sampled_from([b"<", b">", b"&", b"&#0;", b"]]>", b"\xff", b"<!--", b"Ccy='X'"])
            )
        if not content:
            break

    read = read_document(bytes(content))

    same = read.message is not None and encode(read.message) == document
    assert read.faults or read.message is not None
    assert same or read.faults or read.message not in [m for name in NETWORKS for m in make.messages(name).values()]


@given(
    st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: f"<FIToFIPmtStsRpt>{text}".encode("utf-8", "replace"))
)
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_an_answer(data: bytes) -> None:
    assert read_message(data)[2]


def leaves(part: Part, path: str = "") -> list[str]:
    own = [f"{path}{child.name}" for child in part.parts if child.is_leaf]
    return own + [found for child in part.parts for found in leaves(child, f"{path}{child.name}/")]


TEXTS = st.text(max_size=40) | st.sampled_from(
    ["", " ", "0", "-1", "1.5", "9" * 40, "2026-02-30", "NaN", "1e9", "true", "Ω"]
)


@given(data=st.data(), kind=st.sampled_from(sorted(MESSAGE_KINDS)))
@settings(max_examples=120, deadline=None)
def test_any_tree_is_judged_and_never_crashes(data: st.DataObject, kind: str) -> None:
    known = MESSAGE_KINDS[kind]
    chosen = data.draw(st.lists(st.sampled_from(leaves(known.table)), min_size=1, max_size=12))
    tree = Node(known.table.name)
    for path in chosen:
        tree = _planted(tree, path.split("/"), data.draw(TEXTS), data.draw(st.sampled_from(["", "USD", "JPY", "zz"])))
    message = Message(known.version, tree)

    for network in NETWORKS.values():
        read = read_document(encode(message).replace(b"\x00", b""), network=network)
        assert read.faults


def _planted(node: Node, path: list[str], text: str, currency: str) -> Node:
    head, *rest = path
    if not rest:
        return replace(node, children=(*node.children, Node(head, text, currency)))
    at = next((n for n, child in enumerate(node.children) if child.name == head), None)
    inner = _planted(Node(head) if at is None else node.children[at], rest, text, currency)
    children = list(node.children)
    children[len(children) if at is None else at : None if at is None else at + 1] = [inner]
    return replace(node, children=tuple(children))


@pytest.mark.parametrize("text", ["A!", "A ?text", "A text35 more", "A nonsense", "A B", "A\nB"])
def test_a_bad_table_is_told_when_it_is_made(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        parse_table(text, {})


def test_tables_say_how_often_and_what() -> None:
    shared = parse_parts("Two choice\n  A text3\n  B code4")
    table = parse_table("Top\n  One Two\n  Many{3} date\n  More+ any", shared)

    assert [(part.name, part.least, part.most, part.kind) for part in table.parts] == [
        ("One", 1, 1, "choice"),
        ("Many", 0, 3, "date"),
        ("More", 1, None, "any"),
    ]
    assert NAMESPACE.startswith("urn:iso:")
    assert timedelta(seconds=FEDNOW.ask_after_seconds) > timedelta(seconds=FEDNOW.answer_seconds)
