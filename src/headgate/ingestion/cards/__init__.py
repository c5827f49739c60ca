"""Card numbers in what comes in: found before anything is stored, and their middle digits masked, the length kept.

    masking = masked(data)        # None where there is none, else the bytes to store, and where digits were masked

Looked into are texts of any kind (CSV, JSON, XML, OFX, mail bodies; also of 16 bits), workbooks, zip and gzip archives, and
mail with its parts, one in another up to eight deep. Offsets are those of the member that a number stands in, as it is stored.
Bank formats whose fields have places of their own hold traces, accounts and references of any digits: of them only the free
texts are looked into (banks/, a file each). Pictures and what is compressed within a PDF are not read. What cannot be
unpacked (a bomb, an encrypted archive) is left as it is; no parser reads it either. Pure.
"""

from __future__ import annotations

from headgate.ingestion.cards.containers import Hit, Masking, masked

__all__ = ["Hit", "Masking", "masked", "masked_text"]


def masked_text(text: str) -> str:
    """A short text of ours, as a file's name, with the card numbers in it masked."""
    masking = masked(text.encode())
    return masking.data.decode() if masking else text
