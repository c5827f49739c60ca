"""A payroll over SFTP, as the page tells it: every command is run, in its order, against the twin's SFTP face.

`--employees 10000` runs it with as many people as the page says.
"""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.doors.conftest import own as own
from tests.doors.scripts import Shell

from headgate import ledger, payments, tenants
from headgate.core.db import Actor, Database
from headgate.core.money import Money

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "payroll-over-sftp.md"
WORDS = {
    "ENTITY": r"\b(le_[0-9a-z]{26})",
    "SUM": r"employees, ([0-9.]+) USD",
    "REFERENCE": r"\breference\W+(HG[0-9A-Z]+)",
    "FINGERPRINT": r"host key +(SHA256:\S+)",
}
"""What a reader puts for a word in capitals: where the outputs so far say it."""


def boxes(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.long
def test_the_page_is_true(
    own: Shell,
    empty_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> None:
    employees = pytestconfig.getoption("--employees")
    monkeypatch.chdir(tmp_path)
    (behaviour,) = boxes("toml")
    # Of the page's ten thousand fifty come back: of fewer as large a share that some do.
    assert "returns = 5" in behaviour
    (tmp_path / "rough.toml").write_text(behaviour.replace("returns = 5", f"returns = {max(5, 20_000 // employees)}"))
    shell = Shell(own.home, {**own.settings, "HEADGATE_EGRESS_ALLOW": "127.0.0.0/8"})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    commands = [
        shlex.split(line)[1:]
        for box in boxes("sh")
        for line in box.replace("2222", str(port)).replace("--employees 10000", f"--employees {employees}").splitlines()
    ]
    (bank,) = [words for words in commands if "--sftp" in words]
    before, after = commands[: commands.index(bank)], commands[commands.index(bank) + 1 :]

    said = run(shell, before, "")
    with running(shell, bank) as banks_words:
        said = run(shell, after, said + banks_words)
        (again,) = shell.runs(["payments", "fetch", "--tenant", "acme", "--json"])

    with empty_database.begin(
        tenant_id=tenants.find_tenant(empty_database, "acme").id, actor=Actor("human", "test")
    ) as tx:
        (file,) = payments.list_files(tx)
        (row,) = payments.file_rows(tx, [file.id])
        (payroll,) = payments.list_payrolls(tx)
        funds = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=payroll.legal_entity_id)
        clearing = ledger.account_for(tx, "PAYROLL_CLEARING", "USD")
        cash = ledger.account_for(tx, "CASH", "USD")
        left = ledger.balance(tx, funds.id)
        cases = tx.value("SELECT count(*) FROM cases.exception_cases WHERE category = 'payment_returned'")
        others = tx.values("SELECT DISTINCT category FROM cases.exception_cases WHERE category <> 'payment_returned'")
        word = tx.values("SELECT basis FROM payments.delivery_evidence ORDER BY recorded_at")
        assert (row.entry_count, row.status) == (employees, "settled")
        assert row.settled + row.returned == employees and row.returned > 0
        assert left.posted == left.available == row.money_returned
        assert ledger.balance(tx, clearing.id).posted == Money(0, "USD")
        assert ledger.balance(tx, cash.id).posted == row.money_returned
        assert (cases, others) == (row.returned, []) and word == ["handed_over", "acknowledgement"]
    assert "acknowledged by the bank" in said and f"{employees} payments settled" in said
    assert f"{row.returned} payments returned" in said and f"{row.returned} returned amounts given back" in said
    assert "all " in said and "hold" in said
    # The bank took the file away before we heard that it had its name, and nothing of ours lies about.
    assert sorted(path.name for path in (tmp_path / "bank" / "served").iterdir()) == [
        "acknowledgements", "archive", "inbound",
    ]  # fmt: skip
    assert json.loads(again.stdout) == {"files": [], "unseen": []}


def run(shell: Shell, commands: list[list[str]], said: str) -> str:
    """Run commands in their order, with the words filled in; all that was said, beginning with what was said before.

    Those whose words are known already run in one process.
    """
    waiting = list(commands)
    while waiting:
        ready: list[list[str]] = []
        while waiting and (filled := fill(waiting[0], said)) is not None:
            ready.append(filled)
            waiting.pop(0)
        assert ready, f"nothing has said yet what {waiting[0]} needs"
        for words, done in zip(ready, shell.runs(*ready), strict=True):
            assert done.returncode == 0, (words, done.stdout, done.stderr)
            said += f"{done.stdout}\n{done.stderr}\n"
    return said


def fill(words: list[str], said: str) -> list[str] | None:
    """The command with what the outputs so far say for its words; None where one is not said yet."""
    filled = []
    for word in words:
        if word in WORDS:
            found = re.search(WORDS[word], said) or re.search(WORDS[word], re.sub(r"\s+", " ", said))
            if found is None:
                return None
            word = found[1]
        filled.append(word)
    return filled


@contextmanager
def running(shell: Shell, words: list[str]) -> Iterator[str]:
    """The bank, until the block ends: what it said when it began."""
    with shell.start(*words) as process:
        try:
            assert process.stderr is not None
            said = ""
            until = time.monotonic() + 60
            while "sent statement" not in said and time.monotonic() < until:
                line = process.stderr.readline()
                assert line, f"the bank ended: {said}"
                said += line
            yield said
        finally:
            process.terminate()
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
