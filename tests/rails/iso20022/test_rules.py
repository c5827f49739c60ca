"""Each rule of a message is broken once, and told by its id and its place; a sound message breaks none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.rails import instants as make

from headgate.rails import CannotWrite
from headgate.rails.iso20022 import (
    FEDNOW,
    NETWORKS,
    RTP,
    RULES,
    Message,
    Node,
    encode,
    judge,
    read_document,
    write_document,
)

pytestmark = pytest.mark.slow

Change = Callable[[Message], Message]
PAID = "CdtTrfTxInf"
MEMBER = "FinInstnId/ClrSysMmbId"


def told(message: Message, network: str = "fednow", direction: str = "outbound") -> list[tuple[str, str, str]]:
    found = judge(message, NETWORKS[network], direction)  # type: ignore[arg-type]
    return [(fault.rule, fault.level, fault.path) for fault in found]


def put(path: str, text: str) -> Change:
    return lambda message: make.put(message, path, text)


def drop(path: str) -> Change:
    return lambda message: make.drop(message, path)


def twice(path: str) -> Change:
    return lambda message: replace(message, body=make.edit(message.body, path, times=2))


def currency(path: str, code: str) -> Change:
    return lambda message: replace(message, body=make.edit(message.body, path, currency=code))


def header(path: str, text: str) -> Change:
    def changed(message: Message) -> Message:
        assert message.header is not None
        return replace(message, header=make.edit(message.header, path, text=text))

    return changed


def version(text: str) -> Change:
    def changed(message: Message) -> Message:
        assert message.header is not None
        return replace(message, version=text, header=make.edit(message.header, "MsgDefIdr", text=text))

    return changed


def lines(*texts: str) -> Change:
    """The debtor's address in lines only."""
    address = tuple(Node("AdrLine", text) for text in texts)
    return lambda message: replace(message, body=make.edit(message.body, f"{PAID}/Dbtr/PstlAdr", children=address))


def hybrid(message: Message) -> Message:
    address = (Node("TwnNm", "Lisle"), Node("Ctry", "US"), *(Node("AdrLine", str(n)) for n in range(3)))
    return replace(message, body=make.edit(message.body, f"{PAID}/Dbtr/PstlAdr", children=address))


def other_order(message: Message) -> Message:
    first, second, *rest = message.body.children
    return replace(message, body=replace(message.body, children=(second, first, *rest)))


STRUCTURE: list[tuple[str, str, Change, str]] = [
    ("S-01", "pacs.008", lambda m: replace(m, body=replace(m.body, children=(*m.body.children, Node("Xtra", "1")))), "Xtra"),
    ("S-02", "pacs.008", drop(f"{PAID}/PmtId/EndToEndId"), f"{PAID}/PmtId/EndToEndId"),
    ("S-03", "pacs.028", twice("GrpHdr/MsgId"), "GrpHdr/MsgId[2]"),
    ("S-04", "pacs.002", other_order, "GrpHdr"),
    ("S-05", "pacs.008", put(f"{PAID}/PmtId/UETR", "8A562C67-CA16-48BA-B074-65581BE6F011"), f"{PAID}/PmtId/UETR"),
    ("S-05", "pacs.008", put(f"{PAID}/IntrBkSttlmAmt", "1e3"), f"{PAID}/IntrBkSttlmAmt"),
    ("S-05", "pacs.008", put(f"{PAID}/IntrBkSttlmAmt", "-1.00"), f"{PAID}/IntrBkSttlmAmt"),
    ("S-05", "pacs.008", put(f"{PAID}/Dbtr/Nm", "A" * 141), f"{PAID}/Dbtr/Nm"),
    ("S-05", "pacs.008", put(f"{PAID}/Dbtr/PstlAdr/Ctry", "USA"), f"{PAID}/Dbtr/PstlAdr/Ctry"),
    ("S-05", "camt.056", put("Assgnmt/CreDtTm", "2026-11-24T25:00:00-05:00"), "Assgnmt/CreDtTm"),
    ("S-05", "pain.013", put("PmtInf/XpryDt/Dt", "2026-02-30"), "PmtInf/XpryDt/Dt"),
    ("S-06", "pacs.008", drop(f"{PAID}/CdtrAcct/Id/Othr"), f"{PAID}/CdtrAcct/Id"),
    ("S-07", "pacs.008", put(f"{PAID}/PmtId", "words"), f"{PAID}/PmtId"),
    ("S-08", "pacs.008", put(f"{PAID}/IntrBkSttlmAmt", "1250.505"), f"{PAID}/IntrBkSttlmAmt"),
    ("S-08", "pacs.004", currency("TxInf/RtrdIntrBkSttlmAmt", "XXX"), "TxInf/RtrdIntrBkSttlmAmt"),
    ("S-09", "pacs.008", put(f"{PAID}/Cdtr/Nm", "José"), f"{PAID}/Cdtr/Nm"),
]  # fmt: skip

BUSINESS: list[tuple[str, str, str, Change, str]] = [
    ("B-01", "fednow", "pacs.008", put("GrpHdr/NbOfTxs", "2"), "GrpHdr/NbOfTxs"),
    ("B-01", "fednow", "pacs.008", twice(PAID), PAID),
    ("B-02", "fednow", "pacs.008", put("GrpHdr/SttlmInf/SttlmMtd", "INDA"), "GrpHdr/SttlmInf/SttlmMtd"),
    ("B-03", "fednow", "pacs.008", put("GrpHdr/SttlmInf/ClrSys/Cd", "TCH"), "GrpHdr/SttlmInf/ClrSys/Cd"),
    ("B-03", "rtp", "pacs.008", put("GrpHdr/SttlmInf/ClrSys/Cd", "FDN"), "GrpHdr/SttlmInf/ClrSys/Cd"),
    ("B-04", "fednow", "pacs.008", currency(f"{PAID}/IntrBkSttlmAmt", "EUR"), f"{PAID}/IntrBkSttlmAmt"),
    ("B-04", "rtp", "pacs.008", put(f"{PAID}/IntrBkSttlmAmt", "0.00"), f"{PAID}/IntrBkSttlmAmt"),
    ("B-05", "fednow", "pacs.008", put(f"{PAID}/IntrBkSttlmAmt", "10000000.01"), f"{PAID}/IntrBkSttlmAmt"),
    ("B-06", "fednow", "pacs.008", put(f"{PAID}/CdtrAgt/{MEMBER}/MmbId", "021000022"), f"{PAID}/CdtrAgt/{MEMBER}/MmbId"),
    ("B-07", "fednow", "pacs.008", drop(f"{PAID}/CdtrAgt/{MEMBER}/ClrSysId"), f"{PAID}/CdtrAgt/{MEMBER}/ClrSysId/Cd"),
    ("B-08", "fednow", "pacs.008", put(f"{PAID}/PmtTpInf/LclInstrm/Prtry", "CTRC"), f"{PAID}/PmtTpInf/LclInstrm/Prtry"),
    ("B-09", "rtp", "pacs.008", put(f"{PAID}/PmtTpInf/CtgyPurp/Prtry", "BIZZ"), f"{PAID}/PmtTpInf/CtgyPurp/Prtry"),
    ("B-10", "fednow", "pacs.008", put(f"{PAID}/PmtId/EndToEndId", "NOTPROVIDED"), f"{PAID}/PmtId/EndToEndId"),
    ("B-11", "fednow", "pacs.008", drop(f"{PAID}/PmtId/UETR"), f"{PAID}/PmtId/UETR"),
    ("B-12", "fednow", "pacs.008", put(f"{PAID}/IntrBkSttlmDt", "2026-11-25"), f"{PAID}/IntrBkSttlmDt"),
    ("B-12", "fednow", "pacs.008", drop(f"{PAID}/IntrBkSttlmDt"), f"{PAID}/IntrBkSttlmDt"),
    ("B-13", "fednow", "pacs.008", put(f"{PAID}/ChrgBr", "SHAR"), f"{PAID}/ChrgBr"),
    ("B-14", "fednow", "pacs.028", put("GrpHdr/MsgId", "20261124-1"), "GrpHdr/MsgId"),
    ("B-14", "fednow", "pacs.028", put("GrpHdr/MsgId", "20261344231380104A"), "GrpHdr/MsgId"),
    ("B-14", "fednow", "pacs.028", put("GrpHdr/MsgId", "20261120231380104A"), "GrpHdr/MsgId"),
    ("B-15", "fednow", "pacs.008", header("BizMsgIdr", "another"), "AppHdr/BizMsgIdr"),
    ("B-15", "fednow", "pacs.008", header("MsgDefIdr", "pacs.009.001.08"), "AppHdr/MsgDefIdr"),
    ("B-15", "fednow", "pacs.008", header(f"Fr/FIId/{MEMBER}/MmbId", "ACME"), f"AppHdr/Fr/FIId/{MEMBER}/MmbId"),
    ("B-15", "fednow", "pacs.008", header("MktPrctc/Id", "other"), "AppHdr/MktPrctc/Id"),
    ("B-16", "fednow", "pacs.008", version("pacs.008.001.10"), ""),
    ("B-17", "fednow", "pacs.008", drop(f"{PAID}/Cdtr/Nm"), f"{PAID}/Cdtr/Nm"),
    ("B-17", "rtp", "pacs.008", drop(f"{PAID}/CdtrAcct"), f"{PAID}/CdtrAcct/Id/Othr/Id"),
    ("B-17", "fednow", "pacs.008", drop(f"{PAID}/Dbtr/PstlAdr"), f"{PAID}/Dbtr/PstlAdr"),
    ("B-18", "fednow", "pacs.008", lines("Dream Road 450", "Lisle IL"), f"{PAID}/Dbtr/PstlAdr"),
    ("B-18", "fednow", "pacs.008", hybrid, f"{PAID}/Dbtr/PstlAdr/AdrLine"),
    ("B-18", "rtp", "pacs.008", drop(f"{PAID}/Dbtr/PstlAdr/PstCd"), f"{PAID}/Dbtr/PstlAdr"),
    ("B-19", "fednow", "pacs.008", drop(f"{PAID}/InstgAgt"), f"{PAID}/InstgAgt/{MEMBER}/MmbId"),
    ("B-20", "fednow", "pacs.002", put("TxInfAndSts/TxSts", "ACSP"), "TxInfAndSts/TxSts"),
    ("B-20", "rtp", "pacs.002", put("TxInfAndSts/TxSts", "ACSC"), "TxInfAndSts/TxSts"),
    ("B-20", "fednow", "pacs.002", twice("TxInfAndSts"), "TxInfAndSts"),
    ("B-21", "fednow", "pacs.002", drop("TxInfAndSts/StsRsnInf"), "TxInfAndSts/StsRsnInf/Rsn"),
    ("B-21", "fednow", "pacs.004", drop("TxInf/RtrRsnInf"), "TxInf/RtrRsnInf/Rsn"),
    ("B-21", "fednow", "camt.056", drop("Undrlyg/TxInf/CxlRsnInf"), "Undrlyg/TxInf/CxlRsnInf/Rsn"),
    ("B-21", "rtp", "pain.014", drop("OrgnlPmtInfAndSts/TxInfAndSts/StsRsnInf"), "OrgnlPmtInfAndSts/TxInfAndSts/StsRsnInf/Rsn"),
    ("B-22", "fednow", "pacs.002", put("TxInfAndSts/StsRsnInf/Rsn/Cd", "ZZ99"), "TxInfAndSts/StsRsnInf/Rsn/Cd"),
    ("B-23", "fednow", "pacs.028", drop("TxInf"), "TxInf"),
    ("B-23", "fednow", "pacs.028", drop("TxInf/OrgnlGrpInf"), "TxInf/OrgnlGrpInf/OrgnlMsgId"),
    ("B-24", "fednow", "pacs.004", put("TxInf/RtrdIntrBkSttlmAmt", "1250.51"), "TxInf/RtrdIntrBkSttlmAmt"),
    ("B-25", "fednow", "camt.029", put("Sts/Conf", "ACCR"), "Sts/Conf"),
    ("B-26", "fednow", "pain.013", put("PmtInf/XpryDt/Dt", "2026-11-23"), "PmtInf/XpryDt/Dt"),
    ("B-29", "fednow", "pacs.008", drop(f"{PAID}/PmtId/InstrId"), f"{PAID}/PmtId/InstrId"),
    ("B-29", "rtp", "pacs.008", drop("GrpHdr/TtlIntrBkSttlmAmt"), "GrpHdr/TtlIntrBkSttlmAmt"),
    ("B-29", "rtp", "pacs.028", drop("TxInf/OrgnlTxRef"), "TxInf/OrgnlTxRef/IntrBkSttlmAmt"),
    ("B-29", "rtp", "camt.029", drop("CxlDtls/OrgnlGrpInfAndSts/RslvdCase"), "CxlDtls/OrgnlGrpInfAndSts/RslvdCase/Id"),
    ("B-27", "fednow", "pacs.008", put("GrpHdr/CreDtTm", "2026-11-24T10:00:00"), "GrpHdr/CreDtTm"),
    ("B-27", "rtp", "pacs.008", put("GrpHdr/CreDtTm", "2026-11-24T10:00:00-05:00"), "GrpHdr/CreDtTm"),
]  # fmt: skip


@pytest.mark.parametrize(("network", "kind"), make.ALL)
def test_a_sound_message_breaks_no_rule_and_reads_back_equal(network: str, kind: str) -> None:
    message = make.messages(network)[kind]

    content = write_document(message, NETWORKS[network])

    read = read_document(content, network=NETWORKS[network])
    assert (read.message, read.faults, read.is_sound) == (message, (), True)
    assert write_document(message, NETWORKS[network]) == content


@pytest.mark.parametrize(("rule", "kind", "change", "path"), STRUCTURE)
def test_a_broken_structure_is_told_at_its_place(rule: str, kind: str, change: Change, path: str) -> None:
    assert (rule, "E", path) in told(change(make.messages("fednow")[kind]))


@pytest.mark.parametrize(("rule", "network", "kind", "change", "path"), BUSINESS)
def test_a_broken_rule_of_the_network_is_told_at_its_place(
    rule: str, network: str, kind: str, change: Change, path: str
) -> None:
    if rule == "B-26":
        path = "PmtInf/XpryDt"
    found = told(change(make.messages(network)[kind]), network)

    assert (rule, "W" if rule == "B-22" else "E", path) in found
    assert {name for name, _, _ in found} <= {rule, "B-15"}, "the rule stands alone"


def test_rtp_has_no_return_message() -> None:
    found = told(make.messages("fednow")["pacs.004"], "rtp")

    assert ("B-28", "E", "") in found


def test_every_rule_was_broken_once() -> None:
    broken = {rule for rule, *_ in (*STRUCTURE, *BUSINESS)} | {"B-28"}

    assert broken == {f"S-0{n}" for n in range(1, 10)} | {rule.id for rule in RULES}


def test_all_faults_come_at_once_and_nothing_is_written() -> None:
    message = make.messages("fednow")["pacs.008"]
    for path, text in (("GrpHdr/NbOfTxs", "2"), (f"{PAID}/ChrgBr", "SHAR"), (f"{PAID}/PmtId/UETR", "x")):
        message = make.put(message, path, text)

    with pytest.raises(CannotWrite) as refused:
        write_document(message, FEDNOW)

    assert [problem[:4] for problem in refused.value.facts["problems"]] == ["S-05", "B-01", "B-13"]


def test_a_fault_names_its_line_and_mending_and_neither_name_nor_account() -> None:
    message = make.put(make.messages("fednow")["pacs.008"], f"{PAID}/CdtrAgt/{MEMBER}/MmbId", "021000022")
    content = encode(make.put(message, f"{PAID}/CdtrAcct/Id/Othr/Id", "7" * 35))

    faults = read_document(content).faults

    assert [(fault.rule, content.decode().splitlines()[fault.line - 1].strip()) for fault in faults] == [
        ("S-05", f"<Id>{'7' * 35}</Id>"),
        ("B-06", "<MmbId>021000022</MmbId>"),
    ]
    assert all(";" in fault.message for fault in faults)
    assert not any("7777" in fault.message or "021000022" in fault.message for fault in faults)


def test_what_came_is_read_where_what_is_sent_would_be_refused() -> None:
    message = make.put(make.messages("fednow")["pacs.008"], f"{PAID}/Cdtr/Nm", "José")

    assert told(message) == [("S-09", "E", f"{PAID}/Cdtr/Nm")]
    assert told(message, direction="inbound") == [("S-09", "W", f"{PAID}/Cdtr/Nm")]


EVENING = datetime(2026, 11, 24, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "fednow", "rtp"),
    [
        (EVENING, "2026-11-24", "2026-11-24"),  # 18:59:59 Eastern
        (EVENING + timedelta(seconds=1), "2026-11-25", "2026-11-24"),
        (EVENING + timedelta(hours=5), "2026-11-25", "2026-11-24"),  # 23:59:59 Eastern
        (EVENING + timedelta(hours=5, seconds=1), "2026-11-25", "2026-11-25"),
        (datetime(2026, 11, 28, 15, tzinfo=UTC), "2026-11-28", "2026-11-28"),  # a Saturday
        (datetime(2026, 7, 4, 22, 59, 59, tzinfo=UTC), "2026-07-04", "2026-07-04"),  # 18:59:59 in summer
        (datetime(2026, 7, 4, 23, 0, tzinfo=UTC), "2026-07-05", "2026-07-04"),
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "2026-11-01", "2026-11-01"),  # the hour that comes twice
    ],
)
def test_a_payment_settles_on_the_networks_own_day(at: datetime, fednow: str, rtp: str) -> None:
    assert [str(network.settlement_day(at)) for network in (FEDNOW, RTP)] == [fednow, rtp]


def test_near_the_rollover_either_day_is_taken() -> None:
    message = make.put(make.messages("fednow")["pacs.008"], "GrpHdr/CreDtTm", "2026-11-24T19:20:00-05:00")

    for day, rules in (("2026-11-24", set()), ("2026-11-25", set()), ("2026-11-26", {"B-12"})):
        found = told(make.put(message, f"{PAID}/IntrBkSttlmDt", day))
        assert {rule for rule, _, _ in found} == rules
