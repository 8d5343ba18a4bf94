"""Runs of other tools that lie in a project: found, shown, and one of them by its name."""

import os

from coordinator.client.opening import Project
from coordinator.errors import UsageError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.text import clip, plain

if TYPE_CHECKING:
    from coordinator.model.foreign_run import ForeignRun, ForeignRuns

PLACES = (".runs", ".plot", ".planning", ".agents/subagents-state.json", ".agents/tmp/state.json")
"""Where other tools keep their runs."""


def foreign_runs(project: Project) -> "ForeignRuns | None":
    """What other tools left in a project; None where there is not a trace of any."""
    if not any(os.path.lexists(project.layout.root / place) for place in PLACES):
        return None
    from coordinator.observe.foreign_runs import read_foreign

    return read_foreign(project.layout.root)


def foreign_run(project: Project, name: str) -> "ForeignRun":
    """The run that is called so: by its id, or by where it lies. UsageError, which names the nearest, for none."""
    found = foreign_runs(project)
    runs = found.runs if found is not None else ()
    wanted = os.path.normpath(name)
    fitting = [run for run in runs if wanted in (run.id, run.place, run.place.removesuffix(".json"))]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        places = ", ".join(plain(run.place) for run in fitting)
        raise UsageError(f"more than one run is called {clip(plain(name), 60)}", f"name it by its place: {places}")
    from difflib import get_close_matches

    close = get_close_matches(name, [run.id for run in runs], 1, 0.5)
    remedy = f"did you mean `{plain(close[0])}`?" if close else "`coord runs` lists them"
    raise UsageError(f"there is no run {clip(plain(name), 60)}", remedy)
