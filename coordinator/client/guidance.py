"""What guides agents besides their task, for callers: flows, and learnings."""

from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.learning import Learning, Noted
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from coordinator.storage.flows import Flows
    from coordinator.storage.pipelines import Pipelines


@dataclass(frozen=True, slots=True)
class Learnings:
    """What was learned in a project."""

    kept: tuple[Learning, ...]
    """In `learnings.md`, in its order: what later agents are given where it fits."""
    noted: tuple[Noted, ...]
    """By agents since that was curated last, oldest first."""
    path: str
    """Of that file, relative to the project's root."""

    def to_json(self) -> dict[str, object]:
        kept = [{"text": one.text, "paths": list(one.paths), "tags": list(one.tags)} for one in self.kept]
        return {"path": self.path, "learnings": kept, "noted": [one.to_json() for one in self.noted]}


def flows(project: Project) -> "Flows":
    """The flows that there are, and what is wrong with the project's own."""
    from coordinator.storage.flows import read_flows

    return read_flows(project.layout)


def pipelines(project: Project) -> "Pipelines":
    """The pipelines that there are, and what is wrong with the project's own."""
    from coordinator.storage.pipelines import read_pipelines

    return read_pipelines(project.layout)


def learnings(project: Project) -> Learnings:
    """What was learned: what is kept, and what agents noted since."""
    from coordinator.observe.learnings import kept_learnings, noted_learnings

    with project.log() as log:
        noted = noted_learnings(log)
    return Learnings(kept_learnings(project.layout), noted, project.layout.rel(project.layout.learnings))
