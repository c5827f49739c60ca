"""A group of commands by itself is what it is within the whole, and costs no more to import than it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from headgate import cli

pytestmark = pytest.mark.slow


def words(command: typer.core.TyperCommand | object, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Every command below, by its words, with its options."""
    below = getattr(command, "commands", None)
    if below is None:
        return {(*path, *sorted(option for one in command.params for option in one.opts))}  # type: ignore[attr-defined]
    return {found for name, one in below.items() for found in words(one, (*path, name))}


@pytest.fixture
def composed(request: pytest.FixtureRequest) -> dict[str, set[tuple[str, ...]]]:
    """Each first word with all that stands below it: in the whole, or composed for that word alone."""

    def compose(word: str | None) -> dict[str, set[tuple[str, ...]]]:
        cli.app.registered_commands.clear()
        cli.app.registered_groups.clear()
        found = typer.main.get_command(cli.compose(word))
        return {name: words(one) for name, one in found.commands.items()}  # type: ignore[attr-defined]

    whole = compose(None)
    for word in (*cli.ALONE, *cli.LONG_RUNNING, "check", "doctor", "secrets"):
        assert compose(word)[word] == whole[word], word
    cli.app.registered_commands.clear()
    cli.app.registered_groups.clear()
    return whole


def test_every_group_of_a_domain_is_found_alone(composed: dict[str, set[tuple[str, ...]]]) -> None:
    groups = {name for name, below in composed.items() if any(len(path) > 0 and path[0][0] != "-" for path in below)}

    assert groups - set(cli.ALONE) == {"secrets"}
    assert set(cli.ALONE) <= set(composed)


@pytest.mark.parametrize("word", ["tenants", "audit", "db", "check"])
def test_a_script_does_not_wait_for_the_web(word: str) -> None:
    code = f"import sys; from headgate import cli; cli.compose({word!r}); print({{'fastapi', 'uvicorn'}} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


def test_files_of_the_network_are_handled_without_the_domains_above() -> None:
    code = (
        "import sys; from headgate import cli; cli.compose('ach', 'merge'); print('headgate.payments' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
