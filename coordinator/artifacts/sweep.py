"""Clearing away what killed writers left."""

import os
from collections.abc import Iterable

from coordinator.artifacts.attempts import run_ids
from coordinator.artifacts.paths import Layout
from coordinator.artifacts.temps import sweep_stale_temps


def sweep(layout: Layout, folders: Iterable[str] = ()) -> int:
    """Remove unfinished files of dead writers, all over the project; return how many. Live writers lose nothing.

    For the start of a loop: it looks into every folder of the newest run. `folders`: further ones with prompts.
    """
    places = [
        layout.coord,
        layout.prompts,
        layout.journal,
        layout.plans,
        layout.feedback,
        *(layout.root / f for f in folders),
    ]
    count = sum(map(sweep_stale_temps, places))
    for run_id in run_ids(layout)[-1:]:
        count += sum(sweep_stale_temps(folder) for folder, _, _ in os.walk(layout.run(run_id)))
    return count
