"""The rules of one entry that its table cannot say: amounts, sides, addenda, returns and changes."""

from __future__ import annotations

from datetime import date

from headgate.rails.ach import layout
from headgate.rails.ach.checks import Faults
from headgate.rails.ach.codes import IAT_MANDATORY, Code
from headgate.rails.ach.opened import SAME_DAY_LEAST, OpenBatch, same_day_cap
from headgate.rails.ach.records import Addenda, BatchHeader, Entry
from headgate.rails.ach.return_codes import CHANGE_CODES, return_codes
from headgate.rails.ach.returns import correction


class EntryRules:
    """Judges an entry within its batch, once its addenda are complete."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.created_on: date | None = None

    def amount(self, entry: Entry, batch: OpenBatch, code: Code, amount: int) -> None:
        if code.kind == "prenote":
            if amount:
                self.faults.field("V-41", entry, "amount", "a prenote carries no amount; write zeros")
        elif code.kind == "zero":
            if amount:
                text = f"{entry.line[1:3]} carries no amount; write zeros or another transaction code"
                self.faults.field("V-42", entry, "amount", text)
            elif not entry.addenda and not batch.sec.may_be_zero:
                self.faults.field("V-42", entry, "amount", "zero without an addenda; add the remittance or an amount")
        elif not amount and not batch.sec.may_be_zero and not _may_be_empty(code, entry):
            self.faults.field("V-42", entry, "amount", "zero; write an amount, or use a prenote's code")
        elif amount and batch.sec.must_be_zero:
            self.faults.field("V-42", entry, "amount", f"{batch.name} carries no amount; write zeros")
        cap = batch.sec.cap_minor
        if cap is not None and amount > cap:
            text = f"more than the {cap // 100:,}.00 that {batch.name} allows; use another SEC code"
            self.faults.field("V-43", entry, "amount", text)
        self._check_same_day(entry, batch, amount)

    def _check_same_day(self, entry: Entry, batch: OpenBatch, amount: int) -> None:
        """An effective date that is the file's own asks for the same day, which has a cap by date."""
        effective_on = batch.header.effective_on if batch.header is not None and amount > SAME_DAY_LEAST else None
        if effective_on is None or effective_on != self.created_on:
            return
        cap = same_day_cap(effective_on)
        if amount > cap:
            text = f"more than the {cap // 100:,}.00 of the same day; write the next banking day"
            self.faults.field("V-43", entry, "amount", text, most="W")

    def side(self, entry: Entry, batch: OpenBatch, header: BatchHeader, code: Code) -> None:
        wants_debit = batch.sec.sides == "debit"
        if header.description == "REVERSAL":
            wants_debit = not wants_debit
        if code.is_debit is not wants_debit and code.kind != "return":
            text = f"{batch.name} takes {batch.sec.sides}s only; use another SEC code, or a batch REVERSAL"
            self.faults.field("V-22", entry, "transaction_code", text)

    def addenda(self, entry: Entry, batch: OpenBatch, code: Code | None) -> None:
        faults, line, found = self.faults, entry.line, entry.addenda
        if (line[78] == "1") is not bool(found):
            text = f"'{line[78]}', but {len(found)} addenda follow; write {1 if found else 0}"
            faults.field("V-50", entry, "addenda_indicator", text)
        counts: dict[str, int] = {}
        for addenda in found:
            kind = addenda.line[1:3]
            counts[kind] = counts.get(kind, 0) + 1
            self._check_one(entry, addenda, kind, counts[kind])
        entry.is_broken = entry.is_broken or any(addenda.is_broken for addenda in found)
        is_back = "98" in counts or "99" in counts
        for kind, count in counts.items():
            most = 1 if kind in ("98", "99") else batch.sec.addenda.get(kind, 0)
            # A return repeats the original's SEC code, of which it carries only what the operator kept.
            if count > most and not (is_back and kind not in ("98", "99")) and batch.header is not None:
                text = f"{count} addenda {kind}, but {batch.name} takes {most}; take the others away"
                faults.record("V-51", entry, text)
        if not is_back and batch.table is layout.ENTRY_IAT:
            missing = [kind for kind in IAT_MANDATORY if kind not in counts]
            if missing:
                faults.record("V-51", entry, f"the addenda {', '.join(missing)} are missing; IAT needs 10 to 16")
        needs = batch.sec.needs
        if needs and needs not in counts and not is_back:
            faults.record("V-51", entry, f"no addenda {needs}, which {batch.name} needs; add it")
        if "addenda_count" in batch.table and not is_back:
            said = digits(batch.table["addenda_count"].of(line))
            if said is not None and said != len(found):
                text = f"{said}, but {len(found)} follow; write {len(found)}"
                # Some gateways count the seven mandatory addenda of an IAT entry and not the optional ones.
                faults.field(
                    "V-51", entry, "addenda_count", text, most="W" if batch.table is layout.ENTRY_IAT else None
                )
        back = entry.returned
        self.family(entry, batch, _family(back) if back is not None else "change" if is_back else "forward")
        if is_back and code is not None and code.kind != "return":
            text = f"{line[1:3]} is a forward code; write that of a return or change, as 21 or 26"
            faults.field("V-61", entry, "transaction_code", text)

    def _check_one(self, entry: Entry, addenda: Addenda, kind: str, nth: int) -> None:
        line, sequence = addenda.line, entry.line[87:94]
        table = addenda.layout
        if "sequence" in table and line[83:87] != f"{nth:04d}" and line[83:87].isdigit():
            text = f"{line[83:87]}, but this is addenda {nth}; write {nth:04d}"
            self.faults.field("V-52", addenda, "sequence", text)
        if "entry_sequence" in table and line[87:94] != sequence and line[87:94].isdigit():
            text = f"{line[87:94]} is not the entry's sequence; write {sequence}"
            self.faults.field("V-52", addenda, "entry_sequence", text)
        if kind == "99" and line[3:6] not in return_codes() and line[3:4] == "R":
            text = f"'{line[3:6]}' is no known return code; ask the bank what it means"
            self.faults.field("V-60", addenda, "return_code", text, most="W")
        if kind == "98":
            self._check_change(entry, addenda)

    def _check_change(self, entry: Entry, addenda: Addenda) -> None:
        code = addenda.change_code
        if code not in CHANGE_CODES:
            self.faults.field("V-62", addenda, "change_code", f"'{code}' is no change code; write one as C01")
        elif not code.startswith("C6") and correction(code, addenda.corrected_data) is None:
            self.faults.field("V-62", addenda, "corrected_data", f"does not fit {code}; see its layout", most="W")
        if entry.layout is not layout.ENTRY_IAT and entry.amount_minor:
            self.faults.field("V-62", entry, "amount", "a notification of change carries no amount; write zeros")

    def family(self, entry: Entry, batch: OpenBatch, family: str) -> None:
        if not batch.family:
            batch.family = family
        elif batch.family != family and "change" not in (batch.family, family):
            text = f"a {family} entry in a batch of {batch.family} entries; part them into batches"
            self.faults.record("V-63", entry, text)


def digits(text: str) -> int | None:
    """The number of a field; None where it holds anything but digits."""
    return int(text) if text.isascii() and text.isdigit() else None


def _may_be_empty(code: Code, entry: Entry) -> bool:
    """A returned prenote carries no amount, and neither does an advice that sums up nothing."""
    return code.kind == "advice" or (code.kind == "return" and bool(entry.addenda))


def _family(addenda: Addenda) -> str:
    return addenda.layout.name.removeprefix("IAT ")
