"""scripts/make_venv.py: the three ways, each message, and nothing done twice."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent


class Ways(NamedTuple):
    """The script with a tree of its own, and what it ran."""

    script: Any
    ran: list[list[str]]


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_venv", ROOT / "scripts" / "make_venv.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ways:
    """The script on an empty tree, where running a program only writes it down (and makes what venv would)."""
    script = _script()
    (tmp_path / "requirements.lock").write_text("a==1 --hash=sha256:00\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    for name, path in {"ROOT": "", "VENV": ".venv", "PYTHON": ".venv/bin/python", "LOCK": "requirements.lock"}.items():
        monkeypatch.setattr(script, name, tmp_path / path)
    monkeypatch.setattr(script, "STAMP", tmp_path / ".venv/headgate.stamp")
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append([str(word) for word in command])
        if "venv" in command:
            (tmp_path / ".venv/bin").mkdir(parents=True)
            for program in ("python", "headgate"):
                (tmp_path / ".venv/bin" / program).touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(script.subprocess, "run", run)
    return Ways(script, ran)


def test_with_ensurepip_the_environment_has_its_own_pip(ways: Ways, tmp_path: Path) -> None:
    assert ways.script.main() == 0

    venv, python = str(tmp_path / ".venv"), str(tmp_path / ".venv/bin/python")
    assert ways.ran[0] == [sys.executable, "-m", "venv", venv]
    quiet = ["install", "--disable-pip-version-check", "--quiet"]
    lock = str(tmp_path / "requirements.lock")
    assert ways.ran[1] == [python, "-m", "pip", *quiet, "--require-hashes", "-r", lock]
    assert ways.ran[2] == [python, "-m", "pip", *quiet, "--no-deps", "--no-build-isolation", "-e", str(tmp_path)]


def test_nothing_is_done_twice(ways: Ways, tmp_path: Path) -> None:
    ways.script.main()
    ways.ran.clear()

    assert ways.script.main() == 0
    assert ways.ran == []

    # Other metadata: the project alone. Another lock: everything, from nothing.
    (tmp_path / "pyproject.toml").write_text("[project]\nname='x'\n")
    ways.script.main()
    assert [command[-2:] for command in ways.ran] == [["pip", "--version"], ["-e", str(tmp_path)]]
    ways.ran.clear()
    (tmp_path / "requirements.lock").write_text("a==2 --hash=sha256:00\n")
    (tmp_path / ".venv" / "left").touch()
    ways.script.main()
    assert ways.ran[0][:3] == [sys.executable, "-m", "venv"]
    assert not (tmp_path / ".venv" / "left").exists()


def test_without_ensurepip_the_pip_that_is_there_fills_it(
    ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways.script, "has", lambda module: module == "pip")

    ways.script.main()

    assert ways.ran[0] == [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")]
    assert ways.ran[1][:5] == [sys.executable, "-m", "pip", "--python", str(tmp_path / ".venv/bin/python")]


def test_without_both_root_on_debian_installs_them(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways.script, "has", lambda _: False)
    monkeypatch.setattr(ways.script.os, "geteuid", lambda: 0)
    monkeypatch.setattr(ways.script.shutil, "which", lambda _: "/usr/bin/apt-get")

    ways.script.main()

    assert ways.ran[:2] == [["apt-get", "update"], ["apt-get", "install", "-y", "python3-venv"]]
    assert ways.ran[2][:3] == [sys.executable, "-m", "venv"]


def test_without_both_anyone_else_is_told(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways.script, "has", lambda _: False)
    monkeypatch.setattr(ways.script.os, "geteuid", lambda: 1000)

    with pytest.raises(SystemExit, match="sudo apt-get install -y python3-venv"):
        ways.script.main()
    assert ways.ran == []


def test_an_old_python_is_refused(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways.script.sys, "version_info", (3, 9, 6))

    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer.*make venv PYTHON="):
        ways.script.main()
    assert ways.ran == []


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("… [SSL: CERTIFICATE_VERIFY_FAILED] …", "ca-certificates.*PIP_CERT"),
        ("no such package", "message stands above"),
    ],
)
def test_a_failing_pip_is_explained_and_leaves_no_stamp(
    ways: Ways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, message: str
) -> None:
    run = ways.script.subprocess.run

    def fail(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        if "install" in command:
            return subprocess.CompletedProcess(command, 1, "", said)
        return run(command, **options)

    monkeypatch.setattr(ways.script.subprocess, "run", fail)

    with pytest.raises(SystemExit) as ended:
        ways.script.main()

    assert __import__("re").search(message, str(ended.value.code), 16)
    assert not (tmp_path / ".venv/headgate.stamp").exists()


def test_it_reads_with_pythons_that_it_refuses() -> None:
    """macOS brings 3.9: the script must get as far as its message."""
    compile(ROOT.joinpath("scripts/make_venv.py").read_text(), "make_venv.py", "exec", dont_inherit=True)
    import ast

    ast.parse(ROOT.joinpath("scripts/make_venv.py").read_text(), feature_version=(3, 8))
