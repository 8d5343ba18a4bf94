"""Findings, for callers: what there is, and one more."""

import os
from typing import TYPE_CHECKING

from coordinator.errors import Refused
from coordinator.lazy.dataclass import replace
from coordinator.model.feedback import Feedback, by_urgency
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from coordinator.model.problem import Problem


def findings(project: Project) -> "tuple[tuple[Feedback, ...], tuple[Problem, ...]]":
    """Every finding, the most urgent open ones first, and what is wrong with files that can't be read as one."""
    from coordinator.storage.feedback import read_findings

    found = read_findings(project.layout)
    return by_urgency(found.items), found.problems


def finding(project: Project, number: int) -> Feedback:
    """The finding of that number. Refused when there is none that can be read."""
    items, problems = findings(project)
    found = next((item for item in items if item.number == number), None)
    if found is not None:
        return found
    broken = next((problem for problem in problems if f"/{number:03d}-" in problem.path), None)
    if broken is not None:
        raise Refused(f"{broken.path}: {broken.message}", broken.remedy)
    raise Refused(f"there is no finding {number}", "`coord feedback` lists them")


def file_finding(project: Project, item: Feedback) -> tuple[Feedback, bool]:
    """File a finding in the name of whoever runs this process: as it is filed, and whether it is new."""
    from coordinator.apply.feedback import file_feedback
    from coordinator.apply.records import recorder
    from coordinator.storage.documents import examine_milestone
    from coordinator.storage.runs import current_run

    layout = project.layout
    with recorder(layout) as (log, actor):
        run = current_run(layout)
        iteration = run.iteration if run is not None and run.state == "running" else 0
        milestone, _ = examine_milestone(layout)
        placed = replace(item, milestone=milestone.title, iteration=iteration)
        return file_feedback(layout, log, actor, placed, run=os.environ.get("COORD_RUN"))
