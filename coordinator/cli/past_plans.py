"""`coord undo --list`: the plans that were applied, what each did, and which can still be taken back."""

from coordinator.cli.report import emit, say, styled
from coordinator.client.look import look
from coordinator.client.opening import Project
from coordinator.client.steering import Steering
from coordinator.model.clock import day_and_time


def print_past_plans(project: Project, *, as_json: bool) -> int:
    """Print the plans that were not taken back, newest first; 0."""
    plans = Steering(project).past_plans(look(project))
    if as_json:
        emit({"plans": [plan.to_json() for plan in plans]})
        return 0
    if not plans:
        say("No plan was applied yet, or all of them were taken back.")
    for plan in plans:
        styled(
            [(f"{plan.summary}", "" if plan.refusal else "bold"), (f"  {plan.actor}, {day_and_time(plan.at)}", "dim")]
        )
        if plan.refusal:
            styled([(f"  stays: {plan.refusal}", "dim")])
        else:
            styled([(f"  coord undo {plan.id}", "green")])
    return 0
