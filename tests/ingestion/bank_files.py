"""A small file of each bank's own format, with one place for a text, `%b`, and card numbers wherever else digits may stand."""

from __future__ import annotations

CARD = b"4111111111111111"
"""In the place of references and accounts, where it is none."""

_ENTRY = b"622231380104" + CARD + b" 0000010000" + CARD[:15] + CARD + b"      0112104288" + b"0000001"


def nacha(*texts: bytes, header: bytes = b"PPD") -> bytes:
    """An entry with these addenda, each filled up to its 80 bytes."""
    lines = [
        b"101 03130001202313801041908161055A094101" + b"Federal Reserve Bank".ljust(23) + b"My Bank Name".ljust(31),
        b"5200COMPANY NAME    "
        + CARD
        + b"    1234567890"
        + header
        + b"PAYROLL   "
        + b"      261125   1121042880000001",
        _ENTRY[:79].ljust(79, b"0") + b"121042880000001",
        *(b"705" + text.ljust(80)[:80] + b"%04d0000001" % number for number, text in enumerate(texts, 1)),
        b"820000000%d0023138010000000001000000000000001234567890" % (len(texts) + 1) + b" " * 25 + b"121042880000001",
    ]
    return b"\n".join(line.ljust(94)[:94] for line in lines) + b"\n"


PLAIN = {
    "nacha": nacha(b"%b").replace(b"%b" + b" " * 78, b"%b" + b" " * 59),
    "bai2": b"01,A,B,261124,0600,1,80,1,2/\n02,A,B,1,261124,0600,USD,2/\n03,"
    + CARD
    + b",USD,010,0,,/\n16,195,1000,Z,"
    + CARD
    + b","
    + CARD
    + b",%b/\n49,1000,3/\n98,1000,1,5/\n99,1000,1,7/\n",
    "swift": b":20:"
    + CARD
    + b"\n:25:"
    + CARD
    + b"\n:28C:1\n:60F:C261124USD0,00\n:61:2611251125C10,00NTRF"
    + CARD
    + b"//"
    + CARD
    + b"\n:86:%b\n:62F:C261125USD10,00\n-\n",
    "iso20022": b'<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>'
    + CARD
    + b"</Id><Acct><Id><Othr><Id>"
    + CARD
    + b'</Id></Othr></Id><Ccy>USD</Ccy></Acct><Ntry><Amt Ccy="USD">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>'
    + b"<BookgDt><Dt>2026-11-25</Dt></BookgDt><AcctSvcrRef>"
    + CARD
    + b"</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>"
    + CARD
    + b"</EndToEndId></Refs><RltdPties><Dbtr><Nm>"
    + CARD
    + b"</Nm></Dbtr></RltdPties><RmtInf><Ustrd>%b</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>",
    "ofx": b"OFXHEADER:100\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><TRNUID>"
    + CARD
    + b"<STMTRS><CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>"
    + CARD
    + b"</BANKACCTFROM><BANKTRANLIST><STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261125<TRNAMT>10.00<FITID>"
    + CARD
    + b"<CHECKNUM>"
    + CARD
    + b"<MEMO>%b\n</STMTTRN></BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n",
    "fedwire": b"{1500}02        T {1510}1000{2000}000000001000{3100}"
    + CARD
    + b"*BANK*{4200}D"
    + CARD
    + b"*NAME*{6000}%b*\n",
}
