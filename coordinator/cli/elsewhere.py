"""The screen where no project is: on a terminal, the projects that were opened last are there to choose from."""

import sys

from coordinator.client.opening import Project, open_project
from coordinator.client.recent import recent
from coordinator.errors import CoordError
from coordinator.model.text import plain

_SHOWN = 9


def project_or_recent(directory: str) -> Project:
    """The project that a folder lies in; where there is none, the one that is chosen. Raises the CoordError else."""
    try:
        return open_project(directory)
    except CoordError as error:
        known = recent()[:_SHOWN]
        if not known or directory != "." or not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise
        chosen = _choose(error.message, known)
        if chosen is None:
            raise
        return open_project(chosen)


def _choose(why: str, known: tuple[str, ...]) -> str | None:
    """One of them by its digit; None for anything else."""
    print(f"{plain(why)[:1].upper()}{plain(why)[1:]}. Opened last:\n")
    for place, root in enumerate(known, 1):
        print(f"  {place}  {plain(root)}")
    try:
        typed = input("\nWhich one? (a digit; Enter: none) ").strip()
    except (EOFError, KeyboardInterrupt):
        print()
        return None
    return known[int(typed) - 1] if typed.isascii() and typed.isdigit() and 0 < int(typed) <= len(known) else None
