"""After the demo no account number stands anywhere in plain, and no person's name outside `parties`."""

from __future__ import annotations

import base64
import csv
import io
import re
from pathlib import Path

import httpx
import pytest
from tests.doors.scripts import Shell, free_port, serving, wait_until
from tests.security.canary import Leak, forms, leaks, within

from headgate.core.db import Database
from headgate.demo.cast import BANK_ACCOUNT, SEED, plays
from headgate.demo.people import register

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
PAYMENTS = 40
WAITING = """
SELECT (SELECT count(*) FROM messaging.outbox_messages WHERE published_at IS NULL)
     + (SELECT count(*) FROM messaging.queue_messages)
"""
IDS = re.compile(r"\b[a-z]{2,6}_[0-9a-hjkmnp-tv-z]{13,26}\b")


def words(documents: list[bytes]) -> tuple[set[str], set[str]]:
    """The account numbers and the names of registers."""
    numbers, names = set(), set()
    for document in documents:
        for row in csv.DictReader(io.StringIO(document.decode())):
            given = {name.casefold().replace(" ", "_"): value for name, value in row.items()}
            numbers.add(given["account_number"])
            names.add(given["name"])
    return numbers - {""}, names


@pytest.mark.slow
def test_after_the_demo_no_number_and_no_name_stands_where_it_must_not(
    empty_database: Database, tmp_path: Path
) -> None:
    shell = Shell(
        tmp_path / "home", {"HEADGATE_DATABASE_URL": empty_database.url("admin"), "HEADGATE_LOG_LEVEL": "debug"}
    )
    sample = SAMPLES / "register.csv"
    numbers, names = words(
        [*(register(c, seed=SEED) for play in plays(PAYMENTS) for c in play.clients), sample.read_bytes()]
    )
    numbers |= {BANK_ACCOUNT, *(f"80010{n}77" for n in (1, 2))}  # our own at the bank, and the agencies'
    assert len(numbers) > 60 and len(names) > 50

    told = [shell.run("demo", "--once", "--payments", str(PAYMENTS))]
    told += [shell.run("demo", "--once", "--payroll", str(sample), "--statement", str(SAMPLES / "statement.bai2"))]
    key = shell.document("keys", "create", "--tenant", "acme-payroll", "--role", "admin")["key"]
    lines: list[str] = []
    with empty_database.connect("admin") as admin, serving(shell, free_port(), lines) as http:
        # Relay, consumers, sealer and jobs run beside the server: what they write is searched too.
        wait_until(lambda: admin.execute(WAITING).fetchone() == (0,), seconds=60)
        http.headers["Authorization"] = f"Bearer {key}"
        answers = crawl(http) | console(http, shell)

        in_tables = leaks(admin, numbers | names)

    assert [leak for leak in in_tables if leak.word in numbers] == []
    assert {leak.column for leak in in_tables if not leak.column.startswith("parties.")} == set()
    assert {"parties.parties.name"} <= {leak.column for leak in in_tables}, "the search must find what is there"
    for said, where in ((done.stdout + done.stderr, "demo") for done in told):
        assert list(within(said, {word: forms(word) for word in numbers | names})) == [], where
    assert lines and list(within("".join(lines), {word: forms(word) for word in numbers | names})) == [], "log"
    for path, text in answers.items():
        assert list(within(text, {word: forms(word) for word in numbers})) == [], path


def crawl(http: httpx.Client) -> dict[str, str]:
    """The answer of every GET endpoint, those of one object with the ids that the lists gave."""
    document = http.get("/openapi.json").json()
    paths = [path for path, found in document["paths"].items() if "get" in found]
    answers = {path: http.get(path, params={"limit": 100}).text for path in paths if "{" not in path}
    by_prefix: dict[str, str] = {}
    for identifier in IDS.findall("".join(answers.values())):
        by_prefix.setdefault(identifier.split("_")[0], identifier)
    for path in paths:
        if "{" in path and len(re.findall(r"\{", path)) == 1:
            tries = (http.get(re.sub(r"\{.*?\}", identifier, path)) for identifier in by_prefix.values())
            if found := next((answer for answer in tries if answer.status_code == 200), None):
                answers[path] = found.text
    assert len(answers) > 20 and any("{" in path for path in answers), sorted(answers)
    return answers


def console(http: httpx.Client, shell: Shell) -> dict[str, str]:
    """The console's pages: the overview, the lists, one thing of each, and the drawers of some payments."""
    link = shell.document("console", "link", "--tenant", "acme-payroll", "--role", "operator")
    address = next(value for value in link.values() if str(value).startswith("http"))
    with httpx.Client(base_url=http.base_url, follow_redirects=True) as browser:
        pages = {"/console": browser.get(httpx.URL(address).raw_path.decode()).text}
        pages["payments"] = browser.get("/console/acme-payroll/payments").text
        for payment in sorted(set(re.findall(r"\bpay_[0-9a-hjkmnp-tv-z]{26}\b", pages["payments"])))[:10]:
            answer = browser.get(f"/console/acme-payroll/payments/{payment}")
            assert answer.status_code == 200
            pages[payment] = answer.text
        for screen, prefix in (("payrolls", "prl"), ("gate", "prl"), ("funding", "dep"), ("files", "fil")):
            pages[screen] = browser.get(f"/console/acme-payroll/{screen}").text
            for item in sorted(set(re.findall(rf"\b{prefix}_[0-9a-hjkmnp-tv-z]{{26}}\b", pages[screen])))[:3]:
                answer = browser.get(f"/console/acme-payroll/{screen}/{item}")
                assert answer.status_code == 200
                pages[f"{screen}/{item}"] = answer.text
    assert len(pages) >= 12 + 4 * 2
    return pages


@pytest.mark.parametrize(
    "column", ["text", "jsonb", "bytea", "text[]", "bigint", "spaced", "hexadecimal", "base64", "inside", "shouted"]
)
@pytest.mark.slow
def test_the_search_finds_a_planted_number_in_whatever_form(empty_database: Database, column: str) -> None:
    number = "73500914427"
    planted = {
        "text": ("text", f"account {number} of Ada"),
        "jsonb": ("jsonb", f'{{"a": [{{"b": "{number}"}}]}}'),
        "bytea": ("bytea", b"\x00\xff" + number.encode() + b"\x01"),
        "text[]": ("text[]", ["x", number]),
        "bigint": ("bigint", int(number)),
        "spaced": ("text", "7350-0914-427"),
        "hexadecimal": ("text", f"0x{number.encode().hex().upper()}"),
        "base64": ("text", base64.b64encode(f"ab{number}c".encode()).decode()),
        "inside": ("text", f"000{number}999"),
        "shouted": ("text", "LOVELACE ADA"),
    }
    kind, value = planted[column]
    with empty_database.connect("admin") as admin:
        admin.execute(f"CREATE TABLE core.planted (leak {kind})".encode())
        admin.execute(f"INSERT INTO core.planted VALUES (%s::{kind})".encode(), [value])

        word = "Ada Lovelace" if column == "shouted" else number
        assert leaks(admin, [word, "73500914428"]) == [Leak("core.planted.leak", word)]
