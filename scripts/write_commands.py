"""Write docs/reference/commands.md from the commands that there are."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from typer.cli import get_docs_for_click

from headgate import cli


def main(out: Path) -> None:
    """Write what every command takes, with its help."""
    command = typer.main.get_command(cli.compose())
    out.parent.mkdir(parents=True, exist_ok=True)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="headgate")
    out.write_text(text.strip() + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/reference/commands.md"))
