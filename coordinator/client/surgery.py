"""Emergent work held against its diffs and the milestone, for callers."""

from coordinator.client.look import look
from coordinator.client.opening import Project
from coordinator.errors import CoordError
from coordinator.lazy.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coordinator.model.emergent import Analysis


def analyses(project: Project) -> "tuple[Analysis, ...]":
    """Every emergent prompt with what is known to decide on it; of what git can't tell, nothing is said."""
    from coordinator.observe.change_review import work_of
    from coordinator.services.surgery import emergent
    from coordinator.services.surgery_analysis import analyse

    snapshot = look(project)
    found = []
    for card in emergent(snapshot):
        attempt = snapshot.steps[card.number].attempt
        try:
            change = work_of(project.layout, attempt) if attempt is not None else None
        except CoordError:
            change = None
        found.append(analyse(snapshot, card, change))
    return tuple(found)
