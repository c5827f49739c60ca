"""No SQL is put together from what is not literal: values are parameters, names go through `psycopg.sql`.

A walk over every file. mypy takes LiteralString for str, so the annotation alone holds nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "headgate"
STATEMENT = re.compile(
    r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|MERGE INTO|CREATE|ALTER|DROP|GRANT|REVOKE|SET LOCAL|SET ROLE|COPY"
    r"|LOCK TABLE|WHERE|FROM|ORDER BY|EXECUTE|NOTIFY|LISTEN|COMMENT ON)\b"
)
EXECUTES = {"execute", "executemany", "copy", "stream", "all", "one", "maybe", "value", "values", "run", "many"}
"""The methods that take a query first: psycopg's own and those of `Tx`."""
ALLOWED = {
    ("payments/search.py", "_where(conditions)"): "conditions come from a table of literals in this file",
    ("payments/search.py", "_where(query.conditions)"): "conditions come from a table of literals in this file",
    ("payments/search.py", "_where(['i.id = ANY(%(ids)s)'])"): "a literal",
    ("messaging/hints.py", "channel"): "one of the two channels that this file names; LISTEN takes no parameter",
    ("messaging/hints.py", "key[1]"): "one of the two channels that this file names; NOTIFY takes no parameter",
    ("core/embedded.py", "''.join(lines)"): "a configuration file, whose comment speaks of ALTER SYSTEM",
}
"""What is no literal to this walk, and why it may stand in SQL nevertheless."""


def mistakes(source: str) -> Iterator[tuple[int, str]]:
    """The lines at which a program puts what is not literal into SQL, and what."""
    tree = ast.parse(source)
    constants = module_constants(tree)
    for node in ast.walk(tree):
        if is_built(node) and STATEMENT.search(literal_text(node)):
            yield from ((node.lineno, ast.unparse(leaf)) for leaf in leaves(node, constants))  # type: ignore[attr-defined]
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        first = unencoded(node.args[0])
        if node.func.attr == "SQL" or (node.func.attr in EXECUTES and is_built(first)):
            yield from ((first.lineno, ast.unparse(leaf)) for leaf in leaves(first, constants))


def is_built(node: ast.AST) -> bool:
    """Whether an expression puts a string together."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod | ast.Add) and (
            is_text(node.left) or is_text(node.right) or is_built(node.left)
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in ("format", "format_map", "join", "replace") and is_text(node.func.value)
    return False


def leaves(node: ast.AST, constants: set[str]) -> list[ast.expr]:
    """The parts of an expression that are no literals, nor constants of the module made of such."""
    if isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id in constants):
        return []
    if isinstance(node, ast.JoinedStr):
        return [leaf for part in node.values for leaf in leaves(part, constants)]
    if isinstance(node, ast.FormattedValue):
        return leaves(node.value, constants)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*leaves(node.left, constants), *leaves(node.right, constants)]
    if isinstance(node, ast.IfExp):
        return [*leaves(node.body, constants), *leaves(node.orelse, constants)]
    assert isinstance(node, ast.expr)
    return [node]


def module_constants(tree: ast.Module) -> set[str]:
    """The names in capitals that a module binds to literals, or has from a module of ours that does."""
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            wanted = {alias.name for alias in node.names if alias.name.isupper() and alias.asname is None}
            found |= wanted & constants_of(node.module or "") if wanted else set()
            continue
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if value is not None and not leaves(value, found):
            found |= {target.id for target in targets if isinstance(target, ast.Name) and target.id.isupper()}
    return found


@cache
def constants_of(module: str) -> set[str]:
    """What `module_constants` finds in a module of ours, by its name."""
    file = SOURCE.parent.joinpath(*module.split(".")).with_suffix(".py")
    return module_constants(ast.parse(file.read_text("utf-8"))) if file.is_file() else set()


def unencoded(node: ast.expr) -> ast.expr:
    """What stands before `.encode()`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "encode":
        node = node.func.value
    return node


def is_text(node: ast.AST) -> bool:
    return (isinstance(node, ast.Constant) and isinstance(node.value, str)) or isinstance(node, ast.JoinedStr)


def literal_text(node: ast.AST) -> str:
    return "\n".join(
        part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


def of_file(path: Path) -> set[tuple[str, str]]:
    """A file's mistakes, each with the file's name."""
    return {(path.relative_to(SOURCE).as_posix(), leaf) for _, leaf in mistakes(path.read_text("utf-8"))}


def test_no_sql_is_built_of_anything_but_literals() -> None:
    found = set().union(*(of_file(path) for path in SOURCE.rglob("*.py")))

    assert found - set(ALLOWED) == set(), "pass values as parameters and names through psycopg.sql"
    assert set(ALLOWED) - found == set(), "a reason outlived its code"


@pytest.mark.parametrize(
    ("wrong", "leaf"),
    [
        ('tx.all(f"SELECT * FROM {table}")', "table"),
        ("tx.run(\"DELETE FROM x WHERE id = '%s'\" % name)", "\"DELETE FROM x WHERE id = '%s'\" % name"),
        ('tx.run("DELETE FROM x WHERE id = " + name)', "name"),
        ('tx.run(A + " WHERE id = " + name)', "A"),
        ('A = "SELECT 1"\ntx.run(A + " WHERE id = " + name)', "name"),
        ('connection.execute("SELECT {}".format(name))', "'SELECT {}'.format(name)"),
        ('connection.execute(f"SET LOCAL ROLE {role}".encode())', "role"),
        ('query = f"{what} FROM ledger.entries"', "what"),
        ("sql.SQL(text)", "text"),
        ('from headgate.messaging.dead_letters import DeadLetter, ERROR_MAX as A\ntx.run("SELECT " + A)', "A"),
        ('sql.SQL(f"{a}")', "a"),
        ('cursor.copy("COPY " + table + " FROM STDIN")', "table"),
        ('tx.value(" ".join(parts))', "' '.join(parts)"),
    ],
)
def test_the_walk_sees_what_is_put_into_sql(wrong: str, leaf: str) -> None:
    assert leaf in {found for _, found in mistakes(wrong)}


@pytest.mark.parametrize(
    "right",
    [
        'tx.all("SELECT 1 FROM x WHERE id = %(id)s", {"id": name})',
        'sql.SQL("SELECT {} FROM {}").format(a, b)',
        'sql.SQL(", ").join(parts)',
        'sql.SQL("LOGIN" if login else "NOLOGIN")',
        'A = "SELECT 1"\nB = f"{A} FROM y"\ntx.all(B + " WHERE id = %(id)s", {"id": name})',
        'raise Malformed(f"{name} is missing: run it again")',
        "tx.all(QUERY)",
    ],
)
def test_the_walk_leaves_the_rest_alone(right: str) -> None:
    assert list(mistakes(right)) == []
