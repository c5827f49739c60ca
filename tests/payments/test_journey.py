"""The life of one dollar, from the register to the return."""

from __future__ import annotations

import pytest
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import funding, payments
from headgate.core.db import Database, Tx
from headgate.core.errors import Refused
from headgate.rails import ach, fake

REGISTER = b"""Employee ID,Name,Routing Number,Account Number,Account Type,Net Pay,Federal Tax
E-1,Maria Lindqvist,101000019,66432365329,checking,"1,000.00",200.00
E-2,Daniel Okafor,021000021,77323906932,savings,500.25,100.00
E-3,Aoife Byrne,021000021,1234567,checking,250.00,
"""


@pytest.mark.parametrize("camt", [False, True])
def test_a_dollar_goes_from_the_register_to_the_bank_and_one_comes_back(
    database: Database, tenant: TenantFixture, camt: bool
) -> None:
    def begin():
        return database.begin(tenant_id=tenant.id, actor=ACTOR)

    # Funded by a wire on Monday's statement.
    with begin() as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        reference = funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
        monday = stories.statement([], on=MONDAY, wires=[fake.WireIn(usd("3000.00"), reference, "ACME INC")], camt=camt)
        settled = funding.settle_deposits(tx, artifact_id=stories.read(tx, "monday", monday))
        assert [deposit.amount for deposit in settled.new] == [usd("3000.00")]
        assert stories.balances(tx, tenant) == {"CASH": "3000.00", "CLIENT_FUNDS": "3000.00"}

    # The register is committed: every cent it needs is reserved.
    with begin() as tx:
        register = stories.read(tx, "register.csv", REGISTER, source="upload")
        committed = payments.commit_register(
            tx, artifact_id=register, legal_entity_id=tenant.legal_entity_id, payroll_id="PR-1", pay_on=TUESDAY
        )
        assert committed.status == "committed"
        assert committed.payroll.total == usd("2050.25")
        assert stories.client_funds(tx, tenant) == (usd("2050.25"), usd("949.75"))
        assert stories.statuses(tx) == ["pending"] * 4

    # Net pay is sent; the tax has no agency's account yet and waits with a case.
    with begin() as tx:
        (file,) = payments.submit_due(tx, on=MONDAY)
        content = payments.file_bytes(tx, file.id)
        assert stories.statuses(tx) == ["sent", "sent", "sent", "pending"]
        assert stories.balances(tx, tenant) == {
            "CASH": "3000.00",
            "CLIENT_FUNDS": "1249.75",
            "PAYROLL_CLEARING": "1750.25",
        }
        assert stories.client_funds(tx, tenant) == (usd("300.00"), usd("949.75"))
    parsed = ach.read_file(content)
    entries = list(parsed.entries)
    assert [entry.amount_minor for entry in entries] == [100000, 50025, 25000]
    assert parsed.batches[0].header.description.startswith("PAYROLL")
    assert file.credit == usd("1750.25") and file.entry_count == 3
    assert [row.name for row in payments.deliver(database, tenant.id)] == [file.name]
    assert (payments.outbound_folder(database, tenant.id) / file.name).read_bytes() == content

    # Tuesday: the bank settles the file. Wednesday: one entry comes back, in the return file and on the statement.
    tuesday = stories.statement([content], camt=camt, opening="3000.00")
    returned = fake.return_file([content], {entries[1].trace_number: "R03"}, on=WEDNESDAY)
    wednesday = stories.statement([], on=WEDNESDAY, return_files=[returned], camt=camt, opening="1249.75")
    with begin() as tx:
        stories.at(tx, TUESDAY, 23)
        effects = payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tuesday", tuesday))
        assert effects == payments.StatementEffects(files_settled=(file.id,), instructions_settled=3)
        assert stories.balances(tx, tenant) == {"CASH": "1249.75", "CLIENT_FUNDS": "1249.75"}
        assert stories.statuses(tx) == ["settled", "settled", "settled", "pending"]
    with begin() as tx:
        stories.at(tx, WEDNESDAY)
        back = payments.return_from_file(tx, artifact_id=stories.read(tx, "returns.ach", returned))
        assert len(back.returned) == 1 and back.orphans == 0
        assert stories.balances(tx, tenant) == {
            "CASH": "1249.75",
            "CLIENT_FUNDS": "1750.00",
            "SETTLEMENT_CLEARING": "500.25",
        }
        life = payments.get_life(tx, back.returned[0])
        assert life.row.status == "returned" and life.row.return_code == "R03"
        assert "R03, no account / unable to locate" in life.reasons[0].text
        assert life.case_id is not None
    with begin() as tx:
        stories.at(tx, WEDNESDAY, 23)
        effects = payments.settle_from_statement(tx, artifact_id=stories.read(tx, "wednesday", wednesday))
        assert effects.return_credits == 1
        assert stories.balances(tx, tenant) == {"CASH": "1750.00", "CLIENT_FUNDS": "1750.00"}
        assert stories.client_funds(tx, tenant) == (usd("300.00"), usd("1450.00"))
        assert stories.statuses(tx) == ["settled", "returned", "settled", "pending"]
        before = stories.counts(tx)

    # Every step again, twice: nothing moves.
    for _ in range(2):
        with begin() as tx:
            assert not funding.settle_deposits(tx, artifact_id=stories.read(tx, "monday", monday)).new
            again = payments.commit_register(
                tx, artifact_id=register, legal_entity_id=tenant.legal_entity_id, payroll_id="PR-1", pay_on=TUESDAY
            )
            assert again.status == "committed" and again.payroll.id == committed.payroll.id
            assert payments.submit_due(tx, on=MONDAY) == []
            assert payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tuesday", tuesday)).repeated == 1
            assert payments.return_from_file(tx, artifact_id=stories.read(tx, "returns.ach", returned)).repeated == 1
            assert (
                payments.settle_from_statement(tx, artifact_id=stories.read(tx, "wednesday", wednesday)).repeated == 1
            )
            assert stories.counts(tx) == before
        assert payments.deliver(database, tenant.id) == []


def test_a_refusal_of_ingestion_is_no_register(tx: Tx, tenant: TenantFixture) -> None:
    from headgate import ingestion

    artifact = ingestion.receive(tx, source="upload", filename="x.bin", data=b"\x00\x01\x02")

    assert isinstance(ingestion.read(tx, artifact.id), Refused)
    with pytest.raises(ingestion.WrongKind):
        payments.commit_register(
            tx, artifact_id=artifact.id, legal_entity_id=tenant.legal_entity_id, payroll_id="PR-1", pay_on=TUESDAY
        )
