"""What pipelines made, for callers: artifacts, receipts and the ledger of a run."""

from coordinator.errors import Refused
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.made import Made
from coordinator.model.text import plain
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from coordinator.model.snapshot import Snapshot


_RUNS = 20
"""Of the newest ones, in which something is looked for where no run is named."""


def made(project: Project, run: str | None = None, snapshot: "Snapshot | None" = None) -> Made:
    """What the pipelines of a run made, of the newest one that has any if none is named; also of another tool's run.

    Refused when there is no such run. `snapshot`: as it was looked at already.
    """
    from coordinator.client.look import look
    from coordinator.observe.made import made_in
    from coordinator.storage.runs import all_runs

    ids = [one.id for one in all_runs(project.layout)]
    if run is None:
        names = ids[: -_RUNS - 1 : -1]
    else:
        names = [one for one in ids if one in (run, f"run-{run}")][:1]
        if not names and run.removeprefix("run-").isdecimal():
            raise Refused(f"there is no run `{plain(run)}`", "`coord runs` lists them")
        if not names:
            from coordinator.client.foreign import foreign_run
            from coordinator.observe.foreign_made import made_by

            return made_by(project.layout.root, foreign_run(project, run))
    if names:
        seen = snapshot or look(project)
        with project.log() as log:
            every = (made_in(project.layout, log, name, seen) for name in names)
            found = next((one for one in every if one.files), None)
        if found is not None:
            return found
    return _newest_foreign(project) if run is None else Made()


def _newest_foreign(project: Project) -> Made:
    """What the newest run of another tool left files of; nothing where there is none."""
    from coordinator.client.foreign import foreign_runs

    found = foreign_runs(project)
    run = next((run for run in found.runs if run.files), None) if found is not None else None
    if run is None:
        return Made()
    from coordinator.observe.foreign_made import made_by

    return made_by(project.layout.root, run)
