"""What a prompt's pipeline has made, read from where it lies."""

from coordinator.client.opening import Project
from coordinator.errors import CoordError, Refused
from coordinator.lazy.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coordinator.model.pipeline import Position
    from coordinator.model.snapshot import Snapshot
    from coordinator.views.pipeline_page import PipelinePage

_LIMIT = 256 * 1024
"""Bytes of an artifact that is shown."""


def position_of(project: Project, snapshot: "Snapshot", number: int) -> "Position | None":
    """Where the pipeline of a prompt's last attempt stands, or stood at the end; None where none has begun."""
    from coordinator.storage.pipeline_state import load_state

    step = snapshot.steps.get(number)
    attempt = step.attempt if step is not None else None
    known = snapshot.pipelines.get(number)
    if known is not None or attempt is None or not attempt.pipeline:
        return known
    return load_state(project.layout.root / attempt.directory)


def pipeline_page(project: Project, snapshot: "Snapshot", number: int) -> "PipelinePage":
    """The page of a prompt's last attempt. Refused where no pipeline of it has begun."""
    from coordinator.storage.reading import read_limited
    from coordinator.storage.turn_files import published_folder
    from coordinator.views.pipeline_page import PipelinePage

    step = snapshot.steps.get(number)
    attempt = step.attempt if step is not None else None
    layout = project.layout
    position = position_of(project, snapshot, number)
    if position is None or attempt is None or number not in snapshot.prompts:
        raise Refused(f"no pipeline of prompt {number:02d} has begun", "`pipeline: build` in its file gives it one")
    folder = published_folder(layout, attempt.run, attempt.pipeline or position.pipeline, attempt.work, attempt.attempt)
    contents: dict[str, bytes | str] = {}
    for one in position.published:
        try:
            contents[one.name] = read_limited(folder / one.name, _LIMIT)
        except CoordError as error:
            contents[one.name] = error.message
        except OSError as error:
            contents[one.name] = (error.strerror or str(error)).lower()
    title = snapshot.prompts[number].title
    return PipelinePage(number, title, attempt.attempt, position, contents, layout.rel(folder))
