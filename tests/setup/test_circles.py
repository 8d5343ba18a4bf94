"""No module imports another that needs it, be it for its types only."""

import json
import os
import subprocess
import sys
from pathlib import Path

from support import circles

ROOT = Path(__file__).parent.parent.parent


def found_in(root: Path) -> list[list[str]]:
    """The circles among the modules below a directory."""
    done = subprocess.run(
        [sys.executable, circles.__file__, "coordinator", "tui"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[list[str]] = json.loads(done.stdout)
    return found


def test_no_module_is_in_a_circle_of_imports() -> None:
    found = found_in(ROOT)
    assert len(found) == 0, "\n".join(" -> ".join(circle) for circle in found)


def test_a_circle_that_only_type_checkers_see_is_caught(house: Path) -> None:
    model = house / "coordinator" / "model"
    (model / "hen.py").write_text("import coordinator.model.egg\n")
    (model / "egg.py").write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import coordinator.model.hen\n"
    )
    (house / "tui" / "alone.py").write_text("import tui.alone\n")
    assert {frozenset(circle) for circle in found_in(house)} == {
        frozenset({"coordinator.model.hen", "coordinator.model.egg"}),
        frozenset({"tui.alone"}),
    }
