"""Show a plan, ask, apply: the same for every service."""

import sys
from collections.abc import Callable

from coordinator.cli.report import emit, say, style, styled
from coordinator.client.look import look
from coordinator.client.opening import Project
from coordinator.client.steering import Steering
from coordinator.errors import StalePlan, UsageError
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.views.import_text import is_import, task_lines

Planner = Callable[[Snapshot], Plan]
_INK = {"good": "green", "strong": "bold", "faint": "dim"}


def carry_out(project: Project, planner: Planner, *, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Plan and, unless it is a dry run, apply after a yes; 0 when applied or shown, 1 when declined.

    Raises UsageError without a terminal and without --yes; Refused and StalePlan as the service and apply do.
    """
    if not yes and not dry_run and not sys.stdin.isatty():
        raise UsageError("nobody is there to confirm", "--yes applies without asking, --dry-run only shows the plan")
    if yes and not dry_run:
        with Steering(project).planning():
            plan = planner(look(project))
            if not _is_idle(plan):
                Steering(project).apply(plan)
        return _report(plan, applied=not _is_idle(plan), as_json=as_json)
    plan = planner(look(project))
    if dry_run or _is_idle(plan):
        return _report(plan, applied=False, as_json=as_json)
    return _confirm_and_apply(project, planner, plan, as_json)


def _is_idle(plan: Plan) -> bool:
    """An import that comes to nothing: not worth a question, nor a place in the log."""
    return is_import(plan) and not plan.edits


def _confirm_and_apply(project: Project, planner: Planner, plan: Plan, as_json: bool) -> int:
    from click import confirm

    while True:
        show(plan)
        if not confirm("Apply?", default=True, err=as_json):
            say("nothing was changed")
            return 1
        try:
            Steering(project).apply(plan)
        except StalePlan as stale:
            say(f"{stale.message}; this is the plan for how things are now:")
            plan = planner(look(project))
            continue
        return _report(plan, applied=True, as_json=as_json, shown=True)


def _report(plan: Plan, *, applied: bool, as_json: bool, shown: bool = False) -> int:
    if as_json:
        emit(plan.to_json(applied=applied))
        return 0
    if not shown:
        show(plan)
    if applied:
        styled([("✓ ", "green"), ("applied", ""), (f"   coord undo {plan.id} takes it back", "dim")])
    return 0


def show(plan: Plan) -> None:
    """Print what is going to happen: the sentence, warnings, the order where it changes, the diffs."""
    styled([(f"{plan.service}: ", "dim"), (plan.summary, "bold")])
    for text in plan.invalidates:
        styled([("! ", "yellow"), (text, "")])
    for text in plan.warnings:
        styled([("! ", "yellow"), (text, "")])
    if plan.order_before != plan.order_after:
        styled([("order before  ", "dim"), (_order(plan.order_before, plan), "")])
        styled([("order after   ", "dim"), (_order(plan.order_after, plan), "")])
    if is_import(plan):
        for spans in task_lines(plan):
            styled([(span.text, _INK.get(span.ink, "")) for span in spans])
        return
    for edit in plan.edits:
        for line in edit.diff.splitlines():
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            print(style(plain(line), colour) if colour else plain(line))


def _order(order: tuple[int, ...], plan: Plan) -> str:
    """The order as text; of a long one only the part around what changes."""
    changed = [i for i, n in enumerate(order) if i >= len(plan.order_before) or plan.order_before[i] != n]
    changed = changed or [i for i, n in enumerate(plan.order_after) if i >= len(order) or order[i] != n]
    start = max(0, (changed[0] if changed else 0) - 4) if len(order) > 14 else 0
    window = order[start : start + 14]
    text = " → ".join(f"{n:02d}" for n in window)
    return ("… → " if start else "") + text + (" → …" if start + len(window) < len(order) else "")
