"""Findings, for callers: what there is, and one more."""

import os

from coordinator.errors import Refused, UsageError
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.caller import Caller
from coordinator.model.event import ActorKind
from coordinator.model.feedback import Feedback, FeedbackStatus, by_urgency
from coordinator.model.prompt import Priority
from coordinator.observe.project import Project

if TYPE_CHECKING:
    from coordinator.model.plan import Plan
    from coordinator.model.problem import Problem
    from coordinator.model.snapshot import Snapshot


def findings(project: Project) -> "tuple[tuple[Feedback, ...], tuple[Problem, ...]]":
    """Every finding, the most urgent open ones first, and what is wrong with files that can't be read as one."""
    found = project.findings.read()
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


def file_finding(project: Project, item: Feedback, caller: Caller | None = None) -> tuple[Feedback, bool]:
    """File a finding in the name of a caller, or of whoever runs this process: as it is filed, and whether it is new.

    Refused when an agent has filed as many as anybody reads.
    """
    from coordinator.apply.feedback import FILED, file_feedback
    from coordinator.apply.hand_ins import MOST_FINDINGS, refuse_many
    from coordinator.apply.records import recorder
    from coordinator.storage.documents import examine_milestone
    from coordinator.storage.runs import current_run

    layout = project.layout
    with recorder(layout, caller) as (log, actor):
        if actor.kind is ActorKind.AGENT:
            refuse_many(log, FILED, actor, MOST_FINDINGS)
        run = current_run(layout)
        iteration = run.iteration if run is not None and run.state == "running" else 0
        milestone, _ = examine_milestone(layout)
        placed = replace(item, milestone=milestone.name, iteration=iteration)
        own_run = caller.run if caller is not None else os.environ.get("COORD_RUN")
        return file_feedback(layout, log, actor, placed, run=own_run)


def plan_fate(project: Project, snapshot: "Snapshot", number: int, fate: str, words: str, *, who: str) -> "Plan":
    """The plan for what is to become of a finding: `waive`, `priority`, `prompt`, `backlog` or `open`.

    `words`: the reason, or which priority; `who` wants it. Refused and UsageError as the services raise them.
    """
    from coordinator.model.clock import utc_now
    from coordinator.services.feedback import Judgement, plan_judgement, plan_prompt_for
    from coordinator.services.interjection import Interjection

    item = finding(project, number)
    if fate == "prompt":
        return plan_prompt_for(snapshot, item, Interjection("", who=who, at=utc_now()))
    if fate == "priority":
        return plan_judgement(snapshot, Judgement(item, priority=_priority(words)))
    status = {"waive": FeedbackStatus.WAIVED, "backlog": FeedbackStatus.BACKLOG, "open": FeedbackStatus.OPEN}[fate]
    return plan_judgement(snapshot, Judgement(item, status, reason=words))


def _priority(word: str) -> Priority:
    try:
        return Priority(word.strip().casefold())
    except ValueError:
        raise UsageError("a finding is high, medium or low", "say one of these") from None
