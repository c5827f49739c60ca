"""Files over SFTP and out of mails, as the pages tell it: every command is run, in its order, against OpenSSH and Dovecot."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from tests.components import requires
from tests.doors.conftest import own as own
from tests.doors.scripts import Shell
from tests.ingestion.mailing import PASSWORD, dovecot, mail
from tests.payments.sftp_banks import openssh

pytestmark = pytest.mark.slow

PAGES = Path(__file__).parents[2] / "docs" / "howto"
RESULTS = "mx.psp.example; dkim=pass header.d=bank.example"


def commands(page: str, words: Mapping[str, str]) -> list[list[str]]:
    """The commands of a page, with what a reader puts for its words."""
    text = (PAGES / page).read_text("utf-8")
    boxes = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).replace("\\\n", "")
    found = []
    for line in filter(str.strip, boxes.splitlines()):
        parts = shlex.split(line)[1:]
        for old, new in words.items():
            parts = [part.replace(old, new) for part in parts]
        found.append(parts)
    return found


def run(shell: Shell, lines: Sequence[Sequence[str]]) -> list[str]:
    """What each said; all but those that a page says are refused go well."""
    done = shell.runs(*lines)
    assert [one.returncode for one in done[:3]] == [0, 0, 1], [one.stderr for one in done]
    assert {one.returncode for one in done[3:]} == {0}, [(one.args, one.stdout, one.stderr) for one in done]
    return [" ".join(f"{one.stdout} {one.stderr}".split()) for one in done]


def allowed(own: Shell) -> Shell:
    return Shell(own.home, {**own.settings, "HEADGATE_EGRESS_ALLOW": "127.0.0.0/8", "COLUMNS": "900"})


@requires("openssh")
def test_files_are_taken_over_sftp_as_the_page_tells_it(
    own: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with openssh(tmp_path / "ssh") as server:
        folder = tmp_path / "ssh" / "served" / "out"
        folder.mkdir()
        (folder / "report.csv").write_bytes(b"date,amount\n2026-11-20,1.00\n")
        os.utime(folder / "report.csv", (1_700_000_000, 1_700_000_000))
        (tmp_path / "login_key").write_text(server.secret)
        words = {
            "port=2222": f"port={server.port}",
            "username=psp": f"username={server.username}",
            "folder=/out": f"folder={folder}",
            "FINGERPRINT": server.host_keys[0],
        }
        said = run(allowed(own), commands("take-files-over-sftp.md", words))

        assert "and none is configured yet; nothing was sent" in said[2]
        assert "outcome taken" in said[4] and "items_new 1" in said[4]
        assert "report.csv" in said[5] and "1 taken; breaker closed" in said[6]
        assert "refused" in said[7] and "bank_file" in said[8]
        assert (folder / "taken" / "report.csv").exists()


@requires("dovecot")
def test_files_are_taken_out_of_mails_as_the_page_tells_it(
    own: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "password").write_text(PASSWORD + "\n")
    with dovecot() as server:
        server.deliver(mail(("report.csv", b"a,b\n1,2\n"), results=RESULTS), mail(("forged.csv", b"a,b\n")))
        words = {"port=9993": f"port={server.port}", "$(cat authority.pem)": server.certificate}
        said = run(allowed(own), commands("take-mail.md", words))

    assert "shows a certificate that is not trusted" in said[2]
    assert "items_new 1" in said[4] and "items_refused 1" in said[4]
    assert "mail_part" in said[5] and "dkim must have passed" in said[5]
    assert "report.csv" in said[6] and "forged.csv" not in said[6]


def test_loans_are_taken_on_as_the_page_tells_it(own: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = PAGES.parent / "samples"
    words = {
        "docs/samples/loan-policy.json": str(samples / "loan-policy.json"),
        "loans.csv": str(tmp_path / "loans.csv"),
    }
    *lines, undo = commands("take-loans-on.md", words)
    before, after = lines[:2], lines[2:]

    made = own.runs(*before)
    (entity,) = set(re.findall(r"le_[0-9a-z]{26}", made[-1].stdout))
    (tmp_path / "loans.csv").write_text((samples / "loans.csv").read_text("utf-8").replace("LEGAL_ENTITY", entity))
    done = [*made, *own.runs(*after)]
    (payment,) = set(re.findall(r"lpay_[0-9a-z]{26}", done[-1].stdout))
    done += own.runs([word.replace("PAYMENT", payment) for word in undo])

    assert [(one.returncode, one.stderr) for one in done] == [(0, "")] * 9, done
    said = [" ".join(one.stdout.split()) for one in done]
    assert "loans 2 replayed 0 faults –" in said[4]
    assert "open 4,117.50 USD" in said[5] and "borrower_id pty_" in said[5] and "total_received 137250" in said[6]
