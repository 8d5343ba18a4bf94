"""What `docs/security.md` says is shown by tests that are there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`([a-z_0-9/]+\.py)::(test_\w+)`")


def rows() -> list[str]:
    lines = (ROOT / "docs" / "security.md").read_text("utf-8").splitlines()
    return [line for line in lines if line.startswith("|") and line.count("|") == 5 and "---" not in line][1:]


def test_every_test_that_the_table_of_attacks_names_is_there() -> None:
    named = {pair for row in rows() for pair in NAMED.findall(row)}
    there: dict[str, set[str]] = {}
    for path in {path for path, _ in named}:
        tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
        found = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        there[path] = set(found)
    assert [f"{path}::{name}" for path, name in sorted(named) if name not in there[path]] == []


def test_every_attack_has_what_becomes_of_it_in_both_modes_and_a_test() -> None:
    assert len(rows()) > 20
    assert [row for row in rows() if not all(cell.strip() for cell in row.split("|")[1:-1])] == []
    assert [row for row in rows() if not NAMED.search(row)] == []
