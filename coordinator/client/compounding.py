"""What the milestone taught, for callers, and the plan that keeps it."""

from coordinator.client.look import look
from coordinator.client.opening import Project
from coordinator.lazy.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coordinator.model.compounding import Compounding
    from coordinator.model.plan import Plan
    from coordinator.model.snapshot import Snapshot
    from coordinator.services.compounding import Take


def compounding(project: Project, snapshot: "Snapshot | None" = None) -> "Compounding":
    """What slipped through in the present milestone, what let it through, and what is proposed."""
    from coordinator.observe.compounding import read_compounding

    with project.log() as log:
        return read_compounding(project.layout, log, snapshot or look(project))


def plan_compounding(project: Project, snapshot: "Snapshot", take: "Take") -> "Plan":
    """The plan that writes what is taken. Raises like the service."""
    from coordinator.services.compounding import plan_compounding

    return plan_compounding(snapshot, compounding(project, snapshot), take)
