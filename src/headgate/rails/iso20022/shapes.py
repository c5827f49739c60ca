"""Where FedNow and RTP want the same facts to stand: one message, two places for what it is about.

Our messages are made of facts by paths, as ISO 20022 allows them; a shape moves, copies, adds and leaves out what its network
wants otherwise. `required` is what the network demands and the schema leaves free: rule B-29.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Shape:
    """One message of one network. A path stands for itself and all below it."""

    moves: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    drops: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


_AS_IT_IS = Shape()
_REPORTED = "TxInfAndSts"
_ASKED = "TxInf"
_RECALLED = "Undrlyg/TxInf"
_ANSWERED = "CxlDtls/TxInfAndSts"
_SETTLED = "CxlDtls/OrgnlGrpInfAndSts"
_TOLD = "OrgnlPmtInfAndSts/TxInfAndSts"

SHAPES: Mapping[tuple[str, str], Shape] = MappingProxyType(
    {
        ("fednow", "pacs.008"): Shape(required=("CdtTrfTxInf/PmtId/InstrId",)),
        ("fednow", "pacs.028"): Shape(drops=(f"{_ASKED}/OrgnlTxRef",)),
        ("fednow", "camt.029"): Shape(drops=(_SETTLED,)),
        ("fednow", "pain.014"): Shape(drops=(f"{_TOLD}/OrgnlTxRef",)),
        ("rtp", "pacs.008"): Shape(
            moves={"CdtTrfTxInf/IntrBkSttlmDt": "GrpHdr/IntrBkSttlmDt"},
            copies={
                "GrpHdr/TtlIntrBkSttlmAmt": "CdtTrfTxInf/IntrBkSttlmAmt",
                "CdtTrfTxInf/PmtId/TxId": "CdtTrfTxInf/PmtId/InstrId",
            },
            required=(
                "GrpHdr/TtlIntrBkSttlmAmt",
                "GrpHdr/IntrBkSttlmDt",
                "CdtTrfTxInf/PmtId/InstrId",
                "CdtTrfTxInf/PmtId/TxId",
                "CdtTrfTxInf/PmtTpInf/SvcLvl/Cd",
            ),
        ),
        ("rtp", "pacs.002"): Shape(
            moves={f"{_REPORTED}/OrgnlGrpInf": "OrgnlGrpInfAndSts"},
            copies={f"{_REPORTED}/OrgnlTxId": f"{_REPORTED}/OrgnlInstrId"},
            fixed={"OrgnlGrpInfAndSts/OrgnlNbOfTxs": "1"},
            drops=(f"{_REPORTED}/OrgnlEndToEndId",),
            required=("OrgnlGrpInfAndSts/OrgnlMsgId", f"{_REPORTED}/OrgnlInstrId", f"{_REPORTED}/AccptncDtTm"),
        ),
        ("rtp", "pacs.028"): Shape(
            moves={f"{_ASKED}/OrgnlGrpInf": "OrgnlGrpInf"},
            copies={
                f"{_ASKED}/OrgnlTxId": f"{_ASKED}/OrgnlInstrId",
                f"{_ASKED}/AccptncDtTm": f"{_ASKED}/OrgnlGrpInf/OrgnlCreDtTm",
            },
            fixed={"OrgnlGrpInf/OrgnlNbOfTxs": "1"},
            drops=(f"{_ASKED}/OrgnlEndToEndId", f"{_ASKED}/OrgnlUETR"),
            required=(
                "OrgnlGrpInf/OrgnlMsgId",
                f"{_ASKED}/OrgnlInstrId",
                f"{_ASKED}/OrgnlTxId",
                f"{_ASKED}/OrgnlTxRef/IntrBkSttlmAmt",
            ),
        ),
        ("rtp", "camt.056"): Shape(
            moves={f"{_RECALLED}/OrgnlGrpInf": "Undrlyg/OrgnlGrpInfAndCxl"},
            copies={f"{_RECALLED}/OrgnlTxId": f"{_RECALLED}/OrgnlInstrId"},
            fixed={f"{_RECALLED}/OrgnlClrSysRef": "001"},
            required=("Case/Id", "Undrlyg/OrgnlGrpInfAndCxl/OrgnlMsgId", f"{_RECALLED}/OrgnlInstrId"),
        ),
        ("rtp", "camt.029"): Shape(
            moves={"RslvdCase": f"{_SETTLED}/RslvdCase", f"{_ANSWERED}/CxlStsRsnInf": f"{_SETTLED}/CxlStsRsnInf"},
            drops=(f"{_ANSWERED}/OrgnlGrpInf", f"{_ANSWERED}/OrgnlInstrId", f"{_ANSWERED}/OrgnlEndToEndId"),
            required=(f"{_SETTLED}/RslvdCase/Id", f"{_SETTLED}/OrgnlMsgId"),
        ),
        ("rtp", "pain.014"): Shape(
            fixed={"OrgnlGrpInfAndSts/OrgnlNbOfTxs": "1"},
            drops=("GrpHdr/DbtrAgt", "GrpHdr/CdtrAgt", f"{_TOLD}/OrgnlInstrId"),
            required=("OrgnlGrpInfAndSts/OrgnlNbOfTxs", f"{_TOLD}/OrgnlTxRef"),
        ),
        ("rtp", "pain.013"): Shape(required=("PmtInf/PmtInfId", "PmtInf/XpryDt", "PmtInf/CdtTrfTx/PmtTpInf/SvcLvl/Cd")),
    }
)
"""The shapes by network and kind; a message without one stands as it is made."""


def shape_of(network: str, kind: str) -> Shape:
    """The shape of a kind of message on a network."""
    return SHAPES.get((network, kind), _AS_IT_IS)


def shaped(network: str, kind: str, facts: Mapping[str, F | None]) -> dict[str, F | str]:
    """The facts where the network wants them; those that are None are left out."""
    shape = shape_of(network, kind)
    known = {path: fact for path, fact in facts.items() if fact is not None}
    placed: dict[str, F | str] = {
        _moved(path, shape): fact for path, fact in known.items() if not any(_under(path, drop) for drop in shape.drops)
    }
    placed |= {path: known[source] for path, source in shape.copies.items() if source in known}
    placed |= shape.fixed
    return placed


def _moved(path: str, shape: Shape) -> str:
    for old, new in shape.moves.items():
        if _under(path, old):
            return new + path[len(old) :]
    return path


def _under(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}/")
