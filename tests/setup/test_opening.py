"""A project is opened in one place: its settings are read there, and its tmux server is named there."""

import ast
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OPENING = "coordinator/observe/project.py"
OTHERS = {
    "load_config": {
        "coordinator/storage/settings_in_force.py": "where no loop keeps any",
        "coordinator/observe/observer.py": "whether those that are written can be read",
    },
    "Terminals": {"coordinator/terminals/foreign_server.py": "servers of others, which no settings of ours name"},
}


@cache
def callers() -> Mapping[str, set[str]]:
    """Name → modules that call what has it."""
    found = defaultdict(set)
    for path in (path for part in ("coordinator", "tui") for path in (ROOT / part).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                found[node.func.id].add(path.relative_to(ROOT).as_posix())
    return found


@pytest.mark.parametrize("name", ["load_config", "Terminals"])
def test_nobody_else_reads_the_settings_or_names_the_tmux_server(name: str) -> None:
    assert callers()[name] == {OPENING, *OTHERS.get(name, {})}
