"""The contracts of `make layers` catch what they are there for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LINT = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the code that a test may break."""
    for package in ("coordinator", "tui"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("coordinator/model/graph.py", "import pathlib", "The model is pure"),
        ("coordinator/model/prompt.py", "from coordinator.storage import paths", "never back"),
        ("coordinator/services/questions.py", "import subprocess", "Services and the loop's rules are pure too"),
        ("coordinator/eventlog/store.py", "from coordinator.terminals import server", "know nothing of each other"),
        ("coordinator/changes/git.py", "import libtmux", "One importer of libtmux"),
        ("coordinator/loop/effects.py", "def f():\n    import sqlite3", "One importer of SQLite"),
        ("coordinator/observe.py", "from textual import widgets", "Below the screen nothing knows Textual"),
        ("tui/theme.py", "from coordinator.eventlog import store", "The screen sees snapshots"),
    ],
)
def test_a_forbidden_import_is_caught(house: Path, module: str, line: str, contract: str) -> None:
    with (house / module).open("a") as file:
        file.write(f"\n{line}\n")
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"], cwd=house, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [text for text in " ".join(done.stdout.split()).split("KEPT") if "BROKEN" in text]
    assert any(contract in text for text in broken), done.stdout
