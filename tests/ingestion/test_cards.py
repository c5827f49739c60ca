"""Card numbers are stored nowhere: masked in the only copy kept, in texts, workbooks, archives and mail. Those in the free texts of
banks' own formats: test_free_texts.py."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import logging
import quopri
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests import make
from tests.ingestion import bank_files as files
from tests.ingestion.envelopes import envelope, raw

from headgate import cases, ingestion
from headgate.core import backup
from headgate.core.db import Database, Tx
from headgate.ingestion import artifacts, storing
from headgate.ingestion.cards import Hit, banks, masked
from headgate.ingestion.cards.numbers import card_numbers, has_check_digit, is_issued
from headgate.ingestion.payment_ingestions import payload
from headgate.jobs import Outside

SAMPLES = Path(__file__).parents[1] / "samples"
VISA, MASTERCARD, AMEX = b"4111111111111111", b"5555555555554444", b"378282246310005"
GROUPED, DASHED = b"4111 1111 1111 1111", b"5555-5555-5555-4444"
HIDDEN = b"411111******1111"
POSITIONAL = sorted(
    path
    for folder in ("nacha", "bai2", "camt", "mt940", "fedwire")
    for path in (SAMPLES / folder).rglob("*")
    if path.is_file() and path.suffix not in (".md", ".tsv", ".jsonl", ".py")
)

SAYS_A_CARD = {"railslove-mt940-with-colon-after-line-break.txt": b"5355999999999975"}
"""Samples in whose free text a card number stands, and is called so: `Karten?25nr. 5355…`."""


def hide(data: bytes) -> tuple[bytes, list[tuple[str, int, int]]]:
    found = masked(data)
    return (found.data, [(hit.member, hit.offset, hit.length) for hit in found.hits]) if found else (data, [])


def zipped(members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def workbook(strings: list[bytes], cells: bytes) -> bytes:
    items = b"".join(b"<si>" + (one if one.startswith(b"<") else b"<t>" + one + b"</t>") + b"</si>" for one in strings)
    return zipped(
        {
            "[Content_Types].xml": b"<Types/>",
            "xl/workbook.xml": b"<workbook/>",
            "xl/sharedStrings.xml": b"<sst>" + items + b"</sst>",
            "xl/worksheets/sheet1.xml": b"<worksheet><sheetData>" + cells + b"</sheetData></worksheet>",
        }
    )


def mail_with(*parts: tuple[bytes, bytes, bytes], subject: bytes = b"today") -> bytes:
    head = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: " + subject + b"\r\nMIME-Version: 1.0\r\n"
    made = head + b'Content-Type: multipart/mixed;\r\n boundary="=_b"\r\n\r\npreamble\r\n'
    for kind, encoding, body in parts:
        made += (
            b"--=_b\r\nContent-Type: "
            + kind
            + b"\r\nContent-Transfer-Encoding: "
            + encoding
            + b"\r\n\r\n"
            + body
            + b"\r\n"
        )
    return made + b"--=_b--\r\n"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (b"charge " + VISA + b" now", b"charge " + HIDDEN + b" now"),
        (b"Visa " + GROUPED, b"Visa 4111 11** **** 1111"),
        (b"mc " + DASHED + b".", b"mc 5555-55**-****-4444."),
        (b"amex 3782 822463 10005", b"amex 3782 82**** *0005"),
        (b"<p>4111&nbsp;1111&nbsp;1111&nbsp;1111</p>", b"<p>4111&nbsp;11**&nbsp;****&nbsp;1111</p>"),
        (b"<p>4111&#160;1111&#160;1111&#160;1111</p>", b"<p>4111&#160;11**&#160;****&#160;1111</p>"),
        ("4111\u00a01111\u00a01111\u00a01111".encode(), "4111\u00a011**\u00a0****\u00a01111".encode()),
        (b"date,memo\n2026-11-01," + VISA + b"\n", b"date,memo\n2026-11-01," + HIDDEN + b"\n"),
        (b'memo;card number\n"a;b";' + AMEX + b"\n", b'memo;card number\n"a;b";378282*****0005\n'),
        (b"memo,pan\r\nx," + VISA + b".0\r\n", b"memo,pan\r\nx," + HIDDEN + b".0\r\n"),
        (b'{"card":{"number":"' + VISA + b'"}}', b'{"card":{"number":"' + HIDDEN + b'"}}'),
        (b'{"card_number": ' + VISA + b"}", b'{"card_number": 4111110000001111}'),
        (b";" + VISA + b"=25121010000012345678?", b";" + HIDDEN + b"=25121010000012345678?"),
        (b"%B" + VISA + b"^LINDQVIST/MARIA^2512", b"%B" + HIDDEN + b"^LINDQVIST/MARIA^2512"),
        (b"<CCACCTFROM><ACCTID>" + VISA + b"\n", b"<CCACCTFROM><ACCTID>" + HIDDEN + b"\n"),
        (b"card 36227206271667", b"card 362272****1667"),
    ],
)
def test_a_card_number_keeps_its_length_and_its_ends(text: bytes, hidden: bytes) -> None:
    made, hits = hide(text)

    assert made == hidden and len(made) == len(text)
    [(member, offset, length)] = hits
    assert member == "" and text[offset : offset + length].strip(b"0123456789 -&nbsp;#\xc2\xa0") == b""
    assert hide(made) == (made, [])


@pytest.mark.parametrize(
    "text",
    [
        b"4111111111111112",  # the check digit is another
        b"9111111111111111",
        b"94111111111111111",
        b"ch_4111111111111111",
        b"a4111111111111111b",
        b"4111111111111111.25",
        b"6f1b4111-1111-1111-1111-111111111111",
        b"GB29 5555 5555 5555 4444 12",
        b"date,trace number\n2026-11-01," + VISA + b"\n",
        b"booked;reference;memo\n2026-11-01;" + VISA + b";x\n",
        b'{"trace_number":"' + VISA + b'"}',
        b'{"transactionId": ' + VISA + b"}",
        b"<ACCTID>" + VISA + b"</ACCTID>",
        b"account " + VISA,
        b"36502620307135",  # of fourteen digits, and nothing says what they are
    ],
)
def test_other_numbers_of_sixteen_digits_stay(text: bytes) -> None:
    assert masked(text) is None


@given(st.text("0123456789", min_size=10, max_size=15), st.sampled_from(["4", "51", "2221", "6011", "3528"]))
def test_one_check_digit_in_ten_makes_a_card_number(rest: str, issuer: str) -> None:
    number = (issuer + rest).ljust(15, "7")[:15]
    whole = [f"{number}{last}".encode() for last in range(10)]

    assert sum(has_check_digit(one) for one in whole) == 1
    assert all(is_issued(one) for one in whole)
    [found] = [one for one in whole if list(card_numbers(b"card " + one))]
    assert has_check_digit(found)


@pytest.mark.parametrize("path", POSITIONAL, ids=lambda path: str(path.relative_to(SAMPLES)))
def test_what_banks_send_in_formats_of_their_own_is_stored_as_it_came(path: Path) -> None:
    data = path.read_bytes()
    expected = data
    if path.name in SAYS_A_CARD:
        number = SAYS_A_CARD[path.name]
        expected = data.replace(number, number[:6] + b"XXXXXX" + number[-4:])

    assert (hide(data)[0], data.count(VISA)) == (expected, 0)
    # Even where every number before its free texts could be a card's.
    of_bank = banks.format_of(data)
    if of_bank is not None and of_bank.name != "swift":
        assert hide(data + b"\n" + VISA + b"\n")[0] == expected + b"\n" + VISA + b"\n"


def test_the_member_of_an_archive_is_rewritten_and_offsets_are_its_own() -> None:
    rows = b"date,memo\n2026-11-01," + VISA + b"\n"
    inner = zipped({"rows.csv": rows, "other.txt": b"nothing"})
    outer = zipped({"a/inner.zip": inner, "rows.csv.gz": gzip.compress(rows)}, zipfile.ZIP_STORED)

    made, hits = hide(outer)

    assert hits == [("a/inner.zip/rows.csv", 21, 16), ("rows.csv.gz/gzip", 21, 16)]
    found = members_of(made)
    assert members_of(found["a/inner.zip"]) == {"rows.csv": rows.replace(VISA, HIDDEN), "other.txt": b"nothing"}
    assert gzip.decompress(found["rows.csv.gz"]) == rows.replace(VISA, HIDDEN)


def test_cells_of_a_workbook_are_masked_by_the_head_of_their_column() -> None:
    split = b"<r><t>4111 1111</t></r><r><rPr><b/></rPr><t> 1111 1111</t></r>"
    strings = [b"Day", b"Memo", b"Trace number", b"Card", b"paid by " + GROUPED, VISA, split, MASTERCARD]
    cells = (
        b'<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c>'
        b'<c r="D1" t="s"><v>3</v></c></row><row r="2"><c r="A2"><v>46000</v></c><c r="B2" t="s"><v>4</v></c>'
        b'<c r="C2" t="s"><v>5</v></c><c r="D2"><v>' + VISA + b'</v></c></row><row r="3"><c r="B3" t="s"><v>6</v></c>'
        b'<c r="C3"><v>' + MASTERCARD + b'</v></c><c r="D3" t="inlineStr"><is><t>' + AMEX + b"</t></is></c></row>"
        b'<row r="4"><c r="D4"><v>4.111111111111111E15</v></c><c r="B4" t="s"><v>7</v></c></row>'
    )
    book = workbook(strings, cells)

    made, hits = hide(book)

    found = members_of(made)
    texts, sheet = found["xl/sharedStrings.xml"], found["xl/worksheets/sheet1.xml"]
    assert (
        b"paid by 4111 11** **** 1111" in texts and b"<t>4111 11**</t></r><r><rPr><b/></rPr><t> **** 1111</t>" in texts
    )
    assert b"<t>" + VISA + b"</t>" in texts, "a trace"
    assert b"555555******4444" in texts and b"<v>" + MASTERCARD + b"</v>" in sheet, "in a memo, and a trace"
    assert b"<v>4111110000001111</v>" in sheet and b"<t>378282*****0005</t>" in sheet and b"<v>4.11111000000" in sheet
    assert {name: len(data) for name, data in found.items()} == {
        name: len(data) for name, data in members_of(book).items()
    }
    assert [member for member, _, _ in hits].count("xl/sharedStrings.xml") == 3
    assert members_of(hide(workbook([b"a"], b""))[0]) == members_of(workbook([b"a"], b""))


def test_parts_of_a_mail_are_masked_as_they_were_before_they_were_encoded() -> None:
    rows = b"memo,card\r\nx," + VISA + b"\r\n"
    html = quopri.encodestring("<p>Größe, card =4111 1111 1111 1111</p>".encode().ljust(200, b" ") + b"end").replace(
        b"\n", b"\r\n"
    )
    attached = base64.encodebytes(rows * 5).replace(b"\n", b"\r\n")
    book = base64.encodebytes(zipped({"r.csv": rows})).replace(b"\n", b"\r\n")
    word = b"=?utf-8?B?" + base64.b64encode(b"card " + VISA) + b"?="
    sent = mail_with(
        (b"text/plain", b"7bit", b"my card is " + GROUPED),
        (b"text/html", b"quoted-printable", html.replace(b"1111", b"=31111", 1)),
        (b'text/csv; name="rows.csv"', b"base64", attached),
        (b'application/zip; name="r.zip"', b"base64", book),
        subject=word,
    )

    made, hits = hide(sent)

    assert len(hits) == 9
    assert {member for member, _, _ in hits} == {"header", "part1", "part2", "rows.csv", "r.zip/r.csv"}
    assert b"my card is 4111 11** **** 1111" in made
    for planted in (VISA, GROUPED, base64.b64encode(rows)[:36]):
        assert planted not in made
    import email

    parts = [part.get_payload(decode=True) for part in email.message_from_bytes(made).walk() if not part.is_multipart()]
    assert parts[2] == rows.replace(VISA, HIDDEN) * 5
    assert b"4111 11** **** 1111" in parts[1] and "Größe".encode() in parts[1]
    assert made.count(b"\r\n--=_b") == sent.count(b"\r\n--=_b")
    assert hide(made) == (made, [])


def test_a_text_of_sixteen_bits_is_masked_in_place() -> None:
    for codec in ("utf-16-le", "utf-16-be"):
        mark = "\ufeff".encode(codec)
        text = "Grüße, card 4111111111111111 €".encode(codec)

        made, hits = hide(mark + text)

        assert made == mark + "Grüße, card 411111******1111 €".encode(codec)
        assert hits == [("", 2 + 24, 32)]


def test_a_bomb_is_left_as_it_is_in_little_time() -> None:
    bomb = zipped({"a.csv": b"0" * (1 << 26)})
    nested = zipped({"1.zip": bomb, "rows.csv": b"card " + VISA})
    encrypted = bytearray(zipped({"a.csv": b"card " + VISA}))
    encrypted[6] |= 1
    encrypted[encrypted.rindex(b"PK\x01\x02") + 8] |= 1

    assert (masked(bomb), masked(bytes(encrypted)), masked(gzip.compress(b"0" * (1 << 26)))) == (None, None, None)
    made, hits = hide(nested)
    assert hits == [("rows.csv", 5, 16)] and members_of(made)["1.zip"] == bomb


@given(st.binary(max_size=300))
@example(b"PK\x03\x04" + b"\x00" * 40)
@example(b"\x1f\x8b\x08" + VISA)
@example(b"From: a\r\nTo: b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n--x--" + VISA)
@example(b"From: a\nTo: b\nContent-Transfer-Encoding: base64\n\nNDExMTEx\nMTExMTEx!!MTExMQ==")
def test_whatever_the_bytes_are_they_are_looked_through(data: bytes) -> None:
    for whole in (data, b"PK\x03\x04" + data, data + b" card " + VISA, b"From: a\r\nTo: b\r\n" + data):
        found = masked(whole)
        assert found is None or (found.hits and found.data != whole)


def plant() -> dict[str, bytes]:
    """A card number in each kind of file."""
    rows = b"date,memo\n2026-11-01,card " + VISA + b"\n"
    attached = (b'text/csv; name="r.csv"', b"base64", base64.encodebytes(rows))
    cells = b'<c r="A1" t="s"><v>0</v></c><c r="A2" t="s"><v>1</v></c><c r="A3"><v>' + VISA + b"</v></c>"
    return {
        "rows.csv": rows,
        "mail.eml": mail_with((b"text/plain", b"7bit", b"my card " + GROUPED), attached),
        "book.xlsx": workbook([b"Card", VISA], cells),
        "event.json": b'{"card":{"number":"' + VISA + b'"},"exp":"12/27"}',
        "large.txt": b"card " + VISA + b"\n" + b"x" * artifacts.INLINE_MAX,
        f"{VISA.decode()}.txt": b"by its name",
        **{f"{name}.txt": text.replace(VISA, b"9" * 16) % (b"card " + VISA) for name, text in files.PLAIN.items()},
        "broken.sta": files.PLAIN["swift"].replace(VISA, b"9" * 16) % (b"card 41111111\n11111111" + b" " * 44),
    }


def test_of_what_came_the_sha256_stays_and_a_case_opens_once(tx: Tx, tenant: make.TenantFixture) -> None:
    data = plant()["rows.csv"]

    first, again = (ingestion.receive(tx, source="upload", filename="rows.csv", data=data) for _ in range(2))

    stored = data.replace(VISA, HIDDEN)
    assert (first.sha256, first.stored_sha256) == (hashlib.sha256(data).hexdigest(), hashlib.sha256(stored).hexdigest())
    assert (first.redacted, first.redactions, first.size_bytes) == (
        True,
        [{"member": "", "offset": 26, "length": 16}],
        len(data),
    )
    assert ingestion.body(tx, first.id) == stored
    assert (again.id, again.is_new, again.redactions) == (first.id, False, first.redactions)
    [case] = cases.list_cases(tx)
    assert (case.category, case.severity, case.ingestion_id) == ("card_numbers", "high", first.id)
    assert ingestion.receive(tx, source="upload", filename="s.csv", data=stored).id != first.id
    assert len(cases.list_cases(tx)) == 1


@pytest.mark.slow
def test_planted_card_numbers_are_found_nowhere(
    database: Database,
    tenant: make.TenantFixture,
    admin: psycopg.Connection[Any],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    outside = Outside(database, tenant.id, make.ACTOR)
    sent = envelope("loan-1", transfer="acht_9")
    sent["payment"]["details"] = {"note": f"card {VISA.decode()}"}
    for name, data in plant().items():
        with outside.begin() as tx:
            made = ingestion.receive(
                tx, source="upload", filename=name, data=data, metadata={"said": f"card {VISA.decode()}"}
            )
        with outside.begin() as tx:
            ingestion.read(tx, made.id)
    with outside.begin() as tx:
        came = ingestion.ingest_payment(tx, raw(sent))
        assert isinstance(came, ingestion.PaymentIngestion) and HIDDEN in payload(tx, came.id)
    storing.store_bodies(outside)

    with outside.begin() as tx:
        kept = [(one, ingestion.body(tx, one.id)) for one in ingestion.list_artifacts(tx)]
    dump = tmp_path / "dump.sql"
    address, environment = backup.without_password(database.url("admin"))
    program = backup.tool("pg_dump", admin.info.server_version // 10000)
    subprocess.run([program, f"--dbname={address}", f"--file={dump}"], check=True, env=environment)
    on_disk = [path.read_bytes() for path in database.config.home.rglob("*") if path.is_file()]

    def is_open(data: bytes) -> bool:
        if data.startswith(b"PK\x03\x04"):
            return any(map(is_open, members_of(data).values()))
        coded = base64.b64encode(b"date,memo\n2026-11-01,card " + VISA)[:48]
        return any(one in data for one in (VISA, GROUPED, b"41111111\n11111111", coded))

    assert len(kept) == len(plant()) and on_disk
    assert [one.filename for one, body in kept if is_open(body)] == []
    assert [one.filename for one, _ in kept if not one.redacted] == ["411111******1111.txt"]
    assert not is_open(dump.read_bytes()) and not any(map(is_open, on_disk)) and VISA.decode() not in caplog.text
    assert HIDDEN in dump.read_bytes(), "the search finds what is there: a file's name and what was said of it"


def test_hits_are_plain_values() -> None:
    found = masked(b"card " + VISA)
    assert found is not None and found.hits == (Hit("", 5, 16),) and json.dumps(found.hits[0].member) == '""'


def test_a_mail_without_the_parts_that_it_promises_is_left_as_it_is() -> None:
    assert (
        masked(b'From: a@b.example\r\nTo: c@d.example\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\nno part')
        is None
    )


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_text_of_16_bits_without_a_card_number_is_left_as_it_is_and_references_of_a_bank_too(codec: str) -> None:
    mark = "\ufeff".encode(codec)
    statement = (
        ":20:A\n:25:1\n:28C:1\n:60F:C261124USD0,00\n:61:261125C1,00NTRF4111111111111111\n:86:card 4111111111111111\n"
    )

    assert masked(mark + "Date;Card\n2026-11-24;4111111111111112\n".encode(codec)) is None
    made, hits = hide(mark + statement.encode(codec))
    assert made == mark + statement.replace(":86:card 4111111111111111", ":86:card 411111XXXXXX1111").encode(codec)
    assert hits == [("", 2 + 2 * statement.rindex("4111111111111111"), 32)], "of the bank's reference none"
    assert masked(mark + "Date;Card\n2026-11-24;4111111111111111\n".encode(codec)) is not None
