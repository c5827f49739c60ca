"""OFX and QFX: free text is what a booking says of itself and of the other side, and a bank's messages.

    <STMTTRN><TRNTYPE>DEBIT<FITID>20261125000001<NAME>HARBOR BAKERY<MEMO>CARD 4111111111111111

And the account of a card, `CCACCTFROM` or `CCACCTTO`, which is the card's number. Ids, references and other accounts stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from headgate.ingestion.cards.free_texts import TEXT_MAX, BankFormat, Piece, Text, over_a_break, places

_FREE: Final = frozenset(
    (b"NAME", b"EXTDNAME", b"MEMO", b"ADDR1", b"ADDR2", b"ADDR3", b"MESSAGE", b"SUBJECT", b"MSGBODY")
)
_TAG: Final = re.compile(rb"<([A-Za-z][A-Za-z0-9._]{0,31})\s*>")
_OF_CARD: Final = re.compile(rb"(?i)<CCACCT(?:FROM|TO)\s*>(?:(?!</?(?:CC|BANK|INV)ACCT).)*\Z", re.DOTALL)
_SEAM: Final = over_a_break(rb"[ \t\r\n]*")
_HEAD: Final = 4096
_NEAR: Final = 512


def texts(data: bytes) -> Iterator[Text]:
    """The texts that may hold a card number."""
    done = 0
    for at in places(data, _SEAM):
        if at < done:
            continue
        end = data.find(b"<", at)
        done = end if end >= 0 else len(data)
        tag = _TAG.match(data, max(data.rfind(b"<", max(0, at - TEXT_MAX), at), 0))
        if tag is None or tag.end() > at:
            continue
        name = tag[1].upper()
        if name in _FREE:
            yield Text(tuple(_lines(data, tag.end(), done)))
        elif name == b"ACCTID" and _OF_CARD.search(data[max(0, tag.start() - _NEAR) : tag.start()]):
            yield Text(tuple(_lines(data, tag.end(), done)), b"card number")


def _lines(data: bytes, start: int, end: int) -> Iterator[Piece]:
    for found in re.finditer(rb"[^\r\n]+", data[start:end]):
        yield Piece(start + found.start(), start + found.end())


def _begins(beginning: bytes) -> bool:
    return b"OFX" in beginning[:_HEAD].upper().replace(b"\x00", b"")


FORMAT = BankFormat(name="ofx", title="OFX or QFX", parsers=("ofx_",), begins=_begins, texts=texts)
