"""The ledger of a run, `build/ac_status.json`: the criteria of all its prompts, made of those of each."""

from pathlib import Path

from coordinator.errors import CoordError
from coordinator.formats.ledger import NAME, read, render
from coordinator.model.ledger import Ledger, with_part
from coordinator.model.problem import Problem
from coordinator.storage.files import Lock, read_limited, write_atomic
from coordinator.storage.paths import Layout
from coordinator.storage.turn_files import LIMIT

_FOLDER = "build"


def note_ledger(layout: Layout, run: str, number: int, published: Path) -> None:
    """Have the ledger of a run say what the published one of a prompt does; what can't be read changes nothing.

    One that somebody spoiled begins anew. Raises CoordError and OSError where the disk refuses.
    """
    part = _read(published / NAME)
    if part is None:
        return
    folder = layout.run(run) / _FOLDER
    folder.mkdir(exist_ok=True)
    with Lock(folder / ".ledger.lock"):  # the folder itself is locked by each write
        place = folder / NAME
        whole = with_part(_read(place) or Ledger(), number, part)
        write_atomic(place, render(whole))


def _read(place: Path) -> Ledger | None:
    try:
        found = read(read_limited(place, LIMIT), place.name)
    except (OSError, CoordError):
        return None
    return None if isinstance(found, Problem) else found
