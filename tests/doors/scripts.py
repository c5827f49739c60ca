"""Headgate as scripts drive it: the real command line in a process of its own, its three channels apart."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from headgate.core.embedded import EmbeddedServer

PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from headgate.cli import main; main()"
)
"""`headgate`, which Ctrl-C ends also where the tests themselves run in the background, with SIGINT ignored."""
HEADGATE = (sys.executable, "-c", PROGRAM)
NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"


@dataclass(frozen=True)
class Shell:
    """A shell in which one installation is set: its home, and where given its database."""

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment without settings of Headgate's, and with this installation's."""
        bare = {name: value for name, value in os.environ.items() if not name.startswith("HEADGATE_")}
        return {**bare, "HEADGATE_HOME": str(self.home), "HEADGATE_LOG_LEVEL": "error", **self.settings}

    def start(self, *words: str, **facts: Any) -> subprocess.Popen[str]:
        """Start a command, standard output and error piped apart."""
        return subprocess.Popen(
            [*HEADGATE, *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **facts,
        )

    def run(self, *words: str, code: int | None = 0, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; it must exit with `code`, or with 0 or 1 where none is given."""
        with self.start(*words) as process:
            out, err = process.communicate(timeout=seconds)
        assert process.returncode in ((0, 1) if code is None else (code,)), (
            f"{words} exited {process.returncode}\n{out}\n{err}"
        )
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def runs(self, *commands: Sequence[str]) -> list[subprocess.CompletedProcess[str]]:
        """Run several commands one after another in one process (`many.py`); whatever they exit with."""
        with self.going_on() as runs:
            return runs(*commands)

    @contextmanager
    def going_on(self) -> Iterator[Callable[..., list[subprocess.CompletedProcess[str]]]]:
        """`runs` in a process that goes on, for commands that are made of what earlier ones said."""
        with subprocess.Popen(
            [sys.executable, Path(__file__).with_name("many.py")],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None and process.stdout is not None

            def runs(*commands: Sequence[str]) -> list[subprocess.CompletedProcess[str]]:
                process.stdin.write(json.dumps(commands) + "\n")  # type: ignore[union-attr]
                process.stdin.flush()  # type: ignore[union-attr]
                said = process.stdout.readline()  # type: ignore[union-attr]
                assert said, "the process ended: its standard error says why"
                answers = zip(commands, json.loads(said), strict=True)
                return [subprocess.CompletedProcess(words, *answer) for words, answer in answers]

            yield runs

    def document(self, *words: str, code: int | None = 0) -> Any:
        """Run a command with --json: standard output must be one JSON document and nothing else."""
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def refusal(self, *words: str) -> str:
        """Run a command that cannot be done, and return the one line that it says."""
        return refused(self.run(*words, code=2))


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """What a command said that could not be done: exit 2, nothing on standard output, one line on standard error."""
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("headgate: "), done.stderr
    return done.stderr


@contextmanager
def fresh_home() -> Iterator[Path]:
    """A home in which nothing was ever started; its server is stopped and all of it removed at the end."""
    home = Path(tempfile.mkdtemp(prefix="hg-door-"))
    try:
        yield home
    finally:
        EmbeddedServer(home).down(wait_seconds=10)
        shutil.rmtree(home, ignore_errors=True)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(shell: Shell, port: int, heard: list[str] | None = None) -> Iterator[httpx.Client]:
    """`headgate serve --port N` in a process of its own, and a client of it; `heard` gets what it logs, line by line."""
    process = shell.start("serve", "--port", str(port))
    assert process.stderr is not None
    heard = [] if heard is None else heard
    listening = threading.Thread(target=lambda: heard.extend(iter(process.stderr.readline, "")))  # type: ignore[union-attr]
    listening.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_until(lambda: answers(client) or process.poll() is not None)
            assert process.poll() is None, "".join(heard)
            yield client
    finally:
        process.terminate()
        code = process.wait(15)
        listening.join(5)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    assert code == 0, "".join(heard)


def answers(client: httpx.Client) -> bool:
    """Whether the server answers yet."""
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def wait_until(holds: Any, *, seconds: float = 60) -> None:
    """Ask again and again until it holds; fails when it does not come to hold in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
