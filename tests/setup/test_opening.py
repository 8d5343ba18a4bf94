"""A project is opened in one place: its settings are read there, and its tmux server is named there."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OPENING = "coordinator/observe/project.py"
OTHERS = {"Terminals": {"coordinator/terminals/foreign_server.py": "servers of others, which no settings of ours name"}}


def callers(name: str) -> set[str]:
    """Modules that call what has this name."""
    found = set()
    for path in (path for part in ("coordinator", "tui") for path in (ROOT / part).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                found.add(path.relative_to(ROOT).as_posix())
    return found


@pytest.mark.parametrize("name", ["load_config", "Terminals"])
def test_nobody_else_reads_the_settings_or_names_the_tmux_server(name: str) -> None:
    assert callers(name) == {OPENING, *OTHERS.get(name, {})}
