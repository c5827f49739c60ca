"""Runs several commands in one process, each with its channels apart: an interpreter's start costs more than most of them.

Reads a JSON list of word lists, writes a JSON list of `[code, stdout, stderr]`.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
import traceback


def run(words: list[str]) -> tuple[int, str, str]:
    from headgate.cli import app, main

    # A process composes once; here it does so again and again.
    app.registered_commands.clear()
    app.registered_groups.clear()
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
    json.dump([run(words) for words in json.load(sys.stdin)], sys.stdout)
