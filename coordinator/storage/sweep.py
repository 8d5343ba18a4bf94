"""Clearing away what killed writers left."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from coordinator.storage.attempts import run_ids
from coordinator.storage.paths import Layout
from coordinator.storage.temp_files import stale_temps, sweep_stale_temps


def sweep(layout: Layout, folders: Iterable[str] = ()) -> int:
    """Remove unfinished files of dead writers, all over the project; return how many. Live writers lose nothing.

    For the start of a loop: it looks into every folder of the newest run. `folders`: further ones with prompts.
    """
    count = sum(map(sweep_stale_temps, _places(layout, folders)))
    for run_id in run_ids(layout)[-1:]:
        count += sum(sweep_stale_temps(folder) for folder, _, _ in os.walk(layout.run(run_id)))
    return count


def stale_files(layout: Layout, folders: Iterable[str] = ()) -> Iterator[Path]:
    """What `sweep` would remove, in every run. Changes nothing."""
    runs = [Path(folder) for run_id in run_ids(layout) for folder, _, _ in os.walk(layout.run(run_id))]
    for place in dict.fromkeys([*_places(layout, folders), *runs]):
        yield from map(Path, sorted(stale_temps(place)))


def _places(layout: Layout, folders: Iterable[str]) -> list[Path]:
    return [layout.coord, *_own_folders(layout), layout.prompts, *(layout.root / folder for folder in folders)]


def _own_folders(layout: Layout) -> list[Path]:
    """Those right below the project's own, whatever is written there."""
    try:
        with os.scandir(layout.coord) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
