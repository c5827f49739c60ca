"""Runs several commands in one process, each with its channels apart: an interpreter's start costs more than most of them.

Each line of standard input is a JSON list of word lists, each line of standard output a JSON list of
`[code, stdout, stderr]`. The words of a group are built once: a process of its own builds them once too.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
import traceback
from typing import Any

_built: dict[str | None, Any] = {}


def compose(word: str | None = None, then: str | None = None) -> Any:
    """What `headgate.cli.compose` gives for a first word, as a command that can be called again and again."""
    import typer

    from headgate import cli

    if word not in _built:
        cli.app.registered_commands.clear()
        cli.app.registered_groups.clear()
        _built[word] = typer.main.get_command(_compose(word))
    return _built[word]


def run(words: list[str]) -> tuple[int, str, str]:
    from headgate.cli import main

    sys.argv = ["headgate", *words]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except Exception:
            code = 1
            traceback.print_exc()
        logging.getLogger().handlers.clear()
    return code, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    from headgate import cli

    _compose, cli.compose = cli.compose, compose
    for line in sys.stdin:
        json.dump([run(words) for words in json.loads(line)], sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()
