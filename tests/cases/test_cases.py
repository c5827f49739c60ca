import psycopg
import pytest
from tests import make

from headgate import cases
from headgate.cases.errors import ApprovalNeeded
from headgate.core.db import Database, Tx
from headgate.core.errors import Conflict, IllegalMove, NotFound


def opened(tx: Tx, key: str = "k", **facts: object) -> cases.Case:
    return cases.open_case(tx, key=key, category="orphan_return", **facts)  # type: ignore[arg-type]


def test_a_key_opens_one_case(tx: Tx) -> None:
    first = opened(tx, detail={"trace": "091000010000001"})
    again = opened(tx, detail={"other": 1})

    assert again == first and first.severity == "medium" and first.state == "open"
    assert cases.count_open(tx) == 1
    assert tx.value("SELECT count(*) FROM audit.events WHERE type = 'cases.case.opened'") == 1


def test_many_cases_open_in_order(tx: Tx) -> None:
    stood = opened(tx, key="b")

    found = cases.open_cases(tx, [cases.NewCase(key, "file_fault") for key in "abc"])

    assert [case.key for case in found] == ["a", "b", "c"] and found[1] == stood
    assert cases.open_cases(tx, []) == []


@pytest.mark.parametrize(
    ("variance", "severity"),
    [(0, "low"), (99_99, "low"), (-100_00, "medium"), (9_999_99, "medium"), (10_000_00, "high")],
)
def test_a_variance_is_as_grave_as_its_amount(tx: Tx, variance: int, severity: str) -> None:
    case = cases.open_case(tx, key="v", category="reconcile_variance", detail={"variance_minor": variance})

    assert case.severity == severity


def test_the_categorys_severity_is_the_default_only(tx: Tx) -> None:
    assert cases.open_case(tx, key="1", category="wire_recall").severity == "high"
    assert cases.open_case(tx, key="2", category="wire_recall", severity="critical").severity == "critical"
    assert cases.open_case(tx, key="3", category="never heard of").severity == "medium"


def test_a_case_is_assigned_and_ended_once(tx: Tx) -> None:
    case = opened(tx)

    assert cases.assign(tx, case_id=case.id, assigned_to="usr_1").state == "pending"
    assert cases.assign(tx, case_id=case.id, assigned_to=None).state == "open"
    ended = cases.end_case(tx, case_id=case.id, state="resolved", resolution="the bank resent it")

    assert ended.state == "resolved" and ended.resolved_at is not None and ended.resolution == "the bank resent it"
    with pytest.raises(Conflict, match="is resolved already"):
        cases.end_case(tx, case_id=case.id, state="cancelled", resolution="no")
    with pytest.raises(Conflict, match="cannot be assigned"):
        cases.assign(tx, case_id=case.id, assigned_to="usr_1")
    assert cases.get_case(tx, case.id) == ended


@pytest.mark.parametrize("severity", ["high", "critical"])
def test_a_grave_case_takes_two_people(database: Database, tenant: make.TenantFixture, severity: str) -> None:
    with database.begin(tenant_id=tenant.id, actor=make.person("maker")) as tx:
        case = opened(tx, severity=severity)
        with pytest.raises(ApprovalNeeded) as caught:
            cases.end_case(tx, case_id=case.id, state="resolved", resolution="done")
        request = cases.request(
            tx, action="cases.end", subject=case.id, document=caught.value.facts["payload"], reason="talked to the bank"
        )
    with database.begin(tenant_id=tenant.id, actor=make.person("checker")) as tx:
        cases.approve(tx, approval_id=request.id, digest=request.digest)
    with database.begin(tenant_id=tenant.id, actor=make.person("maker")) as tx:
        ended = cases.end_case(tx, case_id=case.id, state="resolved", resolution="done", approval_id=request.id)

    assert ended.state == "resolved" and ended.approval_id == request.id


def test_the_database_refuses_a_grave_ending_without_approval(tx: Tx) -> None:
    case = opened(tx, severity="critical")
    with pytest.raises(psycopg.errors.CheckViolation, match="four_eyes"), tx.savepoint():
        tx.run("UPDATE cases.exception_cases SET state = 'resolved', resolution = 'x', resolved_at = now()")

    assert cases.get_case(tx, case.id).state == "open"


def test_an_ended_case_never_opens_again(tx: Tx) -> None:
    case = opened(tx)
    cases.end_case(tx, case_id=case.id, state="cancelled", resolution="a mistake")
    with pytest.raises(IllegalMove, match="a case cannot go from cancelled to open"), tx.savepoint():
        tx.run("UPDATE cases.exception_cases SET state = 'open', resolved_at = NULL")


def test_cases_are_listed_newest_first_and_filtered(tx: Tx) -> None:
    low, high = opened(tx, key="1", severity="low"), opened(tx, key="2", severity="high")

    assert [case.id for case in cases.list_cases(tx)] == [high.id, low.id]
    assert [case.id for case in cases.list_cases(tx, severity="low", state="open")] == [low.id]
    assert [case.id for case in cases.list_cases(tx, before=high.id, limit=1)] == [low.id]
    assert cases.list_cases(tx, state="resolved") == []


def test_no_such_case_is_said_so(tx: Tx) -> None:
    with pytest.raises(NotFound, match="there is no such case"):
        cases.get_case(tx, "case_0")
