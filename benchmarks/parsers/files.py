"""The files that are read: made up, the same every time, with balances and totals that prove."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import accumulate, count, islice
from pathlib import Path
from typing import TextIO

_PER_STATEMENT = 2_000
_DAY = date(2026, 1, 5)


def write_text(path: Path, megabytes: int, statements: Callable[[int], str], begin: str = "", end: str = "") -> None:
    """Statements until the file is as large as asked."""
    with path.open("w", encoding="ascii", newline="") as stream:
        stream.write(begin)
        written = 0
        for number in count():
            text = statements(number)
            stream.write(text)
            written += len(text)
            if written >= megabytes * 1_000_000:
                break
        stream.write(end)


def amounts(number: int) -> list[tuple[bool, int]]:
    """Side (whether a credit) and minor units of the bookings of one statement."""
    first = number * _PER_STATEMENT
    return [((n * 7919) % 3 != 0, 1_000 + (n * 104_729) % 9_999_901) for n in range(first, first + _PER_STATEMENT)]


def mt940(number: int) -> str:
    """One statement of MT940, with structured texts."""
    day = _DAY + timedelta(days=number)
    on, entered = f"{day:%y%m%d}", f"{day:%m%d}"
    opening, parts = 2_500_000_00, []
    closing = opening
    for n, (is_credit, minor) in enumerate(amounts(number)):
        closing += minor if is_credit else -minor
        parts.append(
            f":61:{on}{entered}{'C' if is_credit else 'D'}{minor // 100},{minor % 100:02d}NTRFINV-{number}-{n}//{on}{n:08d}\r\n"
            f":86:166?00TRANSFER?109310?20INVOICE {number}-{n}?21OF THE MONTH OF NOVEMBER\r\n?30BANKDEFF?31DE{n:018d}"
            f"?32HARBOR BAKERY {n % 97}\r\n"
        )
    return (
        f":20:REF{number}\r\n:25:10020030/1234567\r\n:28C:{number + 1}/1\r\n:60F:{_balance(on, opening)}\r\n"
        f"{''.join(parts)}:62F:{_balance(on, closing)}\r\n-\r\n"
    )


def _balance(on: str, minor: int) -> str:
    return f"{'C' if minor >= 0 else 'D'}{on}EUR{abs(minor) // 100},{abs(minor) % 100:02d}"


def write_bai2(path: Path, megabytes: int) -> None:
    """A file of groups of one account each, with every control."""
    with path.open("w", encoding="ascii", newline="") as stream:
        stream.write("01,990000013,990000013,260105,0600,1,,,2/\n")
        total = groups = records = 0
        while stream.tell() < megabytes * 1_000_000:
            made, lines = _bai2_group(stream, groups)
            total, groups, records = total + made, groups + 1, records + lines
        stream.write(f"99,{total},{groups},{records + 2}/\n")


def _bai2_group(stream: TextIO, number: int) -> tuple[int, int]:
    on = f"{_DAY + timedelta(days=number % 3_000):%y%m%d}"
    found = amounts(number)
    opening = 2_500_000_00_00
    closing = opening + sum(minor if is_credit else -minor for is_credit, minor in found)
    total = opening + closing + sum(minor for _, minor in found)
    stream.write(f"02,990000013,990000013,1,{on},0600,USD,2/\n03,4400112233,USD,010,{opening},,,015,{closing},,/\n")
    stream.writelines(
        f"16,{165 if is_credit else 455},{minor},Z,{on}{number:04d}{n:06d},CUST{n:06d},ACME PAYROLL DIRECT DEPOSIT {n}/\n"
        for n, (is_credit, minor) in enumerate(found)
    )
    stream.write(f"49,{total},{len(found) + 2}/\n98,{total},1,{len(found) + 4}/\n")
    return total, len(found) + 4


def camt(number: int) -> str:
    """One statement of camt.053 in the common form, some eight hundred bytes an entry."""
    day = _DAY + timedelta(days=number % 3_000)
    opening, entries = 2_500_000_00, []
    closing = opening
    for n, (is_credit, minor) in enumerate(amounts(number)):
        closing += minor if is_credit else -minor
        entries.append(_ENTRY.format(
            major=f"{minor // 100}.{minor % 100:02d}", side="CRDT" if is_credit else "DBIT", day=day,
            reference=f"{day:%Y%m%d}{number:04d}{n:06d}", n=n, number=number,
        ))  # fmt: skip
    return (
        f"<Stmt><Id>STMT{number}</Id><Acct><Id><IBAN>DE02100100100006820101</IBAN></Id><Ccy>EUR</Ccy></Acct>\n"
        f"{_bal('OPBD', opening, day)}{_bal('CLBD', closing, day)}{''.join(entries)}</Stmt>\n"
    )


CAMT_BEGIN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>\n'
)
CAMT_END = "</BkToCstmrStmt></Document>\n"
_ENTRY = """<Ntry><NtryRef>{n}</NtryRef><Amt Ccy="EUR">{major}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
 <BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef>
 <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
 <NtryDtls><TxDtls><Refs><EndToEndId>INV-{number}-{n}</EndToEndId></Refs><Amt Ccy="EUR">{major}</Amt>
  <RltdPties><Dbtr><Pty><Nm>HARBOR BAKERY {n}</Nm></Pty></Dbtr>
   <DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct></RltdPties>
  <RmtInf><Ustrd>INVOICE {number}-{n} OF THE MONTH OF NOVEMBER</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
"""


def _bal(code: str, minor: int, day: date) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{abs(minor) // 100}.{abs(minor) % 100:02d}'
        f"</Amt><CdtDbtInd>{'CRDT' if minor >= 0 else 'DBIT'}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )


def table(rows: int) -> Iterator[tuple[date, str, str, int, int]]:
    """Day, text, reference, signed amount and running balance, in minor units."""
    moves = (minor if is_credit else -minor for n in count() for is_credit, minor in amounts(n))
    signed = list(islice(moves, rows))
    for n, (minor, balance) in enumerate(zip(signed, accumulate(signed, initial=250_000_000_00), strict=False)):
        yield _DAY + timedelta(days=n // 1_000), f"INVOICE {n} HARBOR BAKERY", f"REF{n:08d}", minor, balance + minor


def write_csv(path: Path, rows: int) -> None:
    """A bank's download: header, days, texts, signed amounts, running balance."""
    with path.open("w", encoding="ascii", newline="") as stream:
        stream.write("Booking date,Value date,Description,Reference,Amount (USD),Balance\n")
        stream.writelines(
            f"{day},{day},{text},{reference},{minor / 100:.2f},{balance / 100:.2f}\n"
            for day, text, reference, minor, balance in table(rows)
        )


def write_xlsx(path: Path, rows: int) -> None:
    """A workbook as programs write it: days as numbers with a style, texts inline, amounts as numbers."""
    epoch = date(1899, 12, 30)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _WORKBOOK.items():
            archive.writestr(name, text)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(_SHEET.encode())
            sheet.write(_texts(1, ("Booking date", "Description", "Reference", "Amount (USD)", "Balance")).encode())
            for n, (day, text, reference, minor, balance) in enumerate(table(rows), start=2):
                sheet.write(
                    f'<row r="{n}"><c r="A{n}" s="1"><v>{(day - epoch).days}</v></c>'
                    f'<c r="B{n}" t="inlineStr"><is><t>{text}</t></is></c>'
                    f'<c r="C{n}" t="inlineStr"><is><t>{reference}</t></is></c><c r="D{n}"><v>{minor / 100}</v></c>'
                    f'<c r="E{n}"><v>{balance / 100}</v></c></row>'.encode()
                )
            sheet.write(b"</sheetData></worksheet>")


def _texts(row: int, texts: tuple[str, ...]) -> str:
    cells = (f'<c r="{"ABCDEFG"[n]}{row}" t="inlineStr"><is><t>{text}</t></is></c>' for n, text in enumerate(texts))
    return f'<row r="{row}">{"".join(cells)}</row>'


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEET = f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{_MAIN}"><sheetData>'
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_WORKBOOK = {
    "[Content_Types].xml": '<?xml version="1.0" encoding="UTF-8"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
    "_rels/.rels": '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="{_MAIN}" xmlns:r="{_RELS}">'
    '<sheets><sheet name="Bookings" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<?xml version="1.0" encoding="UTF-8"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_RELS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_RELS}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<?xml version="1.0" encoding="UTF-8"?><styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill/></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
}
