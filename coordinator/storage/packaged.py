"""Files that ship with coord: the flows and the sample project."""

from pathlib import Path

from coordinator.errors import CoordError

_PACKAGE = Path(__file__).resolve().parents[1]


def packaged(name: str) -> Path:
    """The path of `flows`, `flows/EXECUTION.md`, `sample_project`, …, in a checkout as in an installed wheel."""
    for place in (_PACKAGE / "_data", _PACKAGE.parent):
        path = place / name
        if path.exists():
            return path
    raise CoordError(f"this installation of coord has no {name}", "install it again: it is incomplete")
