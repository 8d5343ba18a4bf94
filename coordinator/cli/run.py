"""`coord run`: from a specification to DONE, or to STUCK with its cause."""

import re
import sys

from coordinator.cli import declared as click
from coordinator.cli.opened import project_of
from coordinator.cli.report import emit, say, styled
from coordinator.cli.services import plan_options
from coordinator.client.look import look
from coordinator.client.opening import Project
from coordinator.client.running import foresee, gather, origin, read_specification, require_commits
from coordinator.client.steering import Steering
from coordinator.errors import UsageError
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any
from coordinator.model.intent import Intent, intent
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.spec import Likeness
from coordinator.services.specification import RunSpec, Standing, plan_run, standing

_LISTS = {
    "criteria": "How can one tell that it is done? A line each",
    "non_goals": "What is not wanted, though somebody could think so? A line each",
    "constraints": "What has to hold whatever is done? A line each",
}
"""Part of an intent → what a human is asked where the specification says nothing of it."""


@click.command()
@click.argument("spec", metavar="SPEC|-")
@click.option("--title", default="", metavar="T", help="What the milestone is called; found in the text without one.")
@click.option("--goal", default="", metavar="TEXT", help="What is to be true, where the text does not say it.")
@click.option("--criterion", "criteria", multiple=True, metavar="TEXT", help="How to tell that it is done; repeatable.")
@click.option("--non-goal", "non_goals", multiple=True, metavar="TEXT", help="What is not wanted; repeatable.")
@click.option("--constraint", "constraints", multiple=True, metavar="TEXT", help="What has to hold; repeatable.")
@click.option("--budget", default="", metavar="USD", help="What a run of it may cost before you are asked.")
@click.option("--no-budget", is_flag=True, help="It may cost whatever it costs.")
@click.option("--new", is_flag=True, help="Begin a milestone of its own, whatever the text is like.")
@click.option("--until-idle", is_flag=True, help="Run the loop here, and end when nothing is left to run.")
@click.option("--max-parallel", type=click.IntRange(1, 200), default=None, help="How many agents at once.")
@plan_options
@click.pass_context
def run(
    ctx: click.Context,
    /,
    spec: str,
    title: str,
    budget: str,
    no_budget: bool,
    new: bool,
    until_idle: bool,
    max_parallel: int | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Take a specification to DONE: planned, worked on, verified, looked at, until it is done or stuck.

    The text of a milestone that is there continues it; a similar one changes it, and is the source of truth; another
    one begins a milestone, and what the present one leaves undone stays as backlog. The loop starts in a tmux window.
    """
    project = project_of(ctx)
    steering = Steering(project)
    steering.human("run a specification")
    if not (yes or dry_run or sys.stdin.isatty()):
        raise UsageError("nobody is there to confirm", "--yes starts without asking, --dry-run only shows the plan")
    request = RunSpec(
        read_specification(project, spec, title=title),
        answers=intent(given["goal"], given["non_goals"], given["constraints"], given["criteria"]),
        budget=_dollars(budget, no_budget),
        unasked=yes,
        new=new,
        origin=origin(project, spec),
    )
    require_commits(project)
    snapshot = look(project)
    request = gather(project, snapshot, request)
    asks = sys.stdin.isatty() and not (yes or dry_run or as_json)
    found = standing(snapshot, request)
    if asks:
        request = replace(request, answers=_answers(request, found))
    done = found.present and found.likeness is Likeness.IDENTICAL and snapshot.standing == "done"
    if not (dry_run or done):
        request = replace(request, budget=_budget(project, snapshot, request, found, asks=asks, shown=not as_json))

    def planner(snapshot: Snapshot) -> Plan:
        return plan_run(snapshot, gather(project, snapshot, request))

    plan = planner(snapshot)
    if dry_run or done:
        return _show(plan, snapshot, as_json=as_json, done=done)
    if plan.edits or plan.effects:
        applied = apply_asked(project, planner, plan, unasked=yes, as_json=as_json)
        if applied is None:
            return 1
        plan = applied
    elif not as_json:
        say(plan.summary)
    return start(project, steering, plan, until_idle=until_idle, max_parallel=max_parallel, as_json=as_json)


# ── what the text does not say


def _answers(request: RunSpec, found: Standing) -> Intent:
    """The parts that nobody has said anything of, asked for once: when the milestone begins."""
    given, begins = request.answers, found.likeness is Likeness.OTHER
    if begins and not request.spec.intent.goal and not given.goal:
        given = replace(given, goal=_prompt("What is to be true when it is done?", default=request.spec.title))
    for part, question in _LISTS.items():
        if (begins or part == "criteria") and not getattr(found.intent, part):
            said: dict[str, Any] = {part: _lines(question)}
            given = replace(given, **{part: getattr(intent(**said), part)})
    return given


def _prompt(*given: Any, **settings: Any) -> str:
    from click import prompt

    return str(prompt(*given, **settings))


def _lines(question: str) -> tuple[str, ...]:
    say(f"{question}; an empty one ends:")
    found: list[str] = []
    while line := _prompt(">", default="", show_default=False, prompt_suffix=" ").strip():
        found.append(line)
    return tuple(found)


def _budget(project: Project, snapshot: Snapshot, request: RunSpec, found: Standing, *, asks: bool, shown: bool) -> str:
    """What it may cost. UsageError where nobody has said it and nobody can be asked."""
    told = request.budget or found.budget
    known = bool(told) or snapshot.settings.run_budget.any
    if shown:
        for line in foresee(project, snapshot).lines:
            styled([(line, "dim")])
    if known:
        return request.budget
    if not asks:
        raise UsageError("nobody has said what it may cost", "--budget 5 in US dollars, or --no-budget")
    answer = _prompt("What may a run cost, in US dollars? Or none", default="none")
    return _dollars("" if answer == "none" else answer, answer == "none")


def _dollars(text: str, without: bool) -> str:
    if text and without:
        raise UsageError("--budget and --no-budget at once", "say one of them")
    text = text.strip().removeprefix("$")
    if text and (not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) or not float(text)):
        raise UsageError(f"`{text}` is no amount of US dollars", "for example: --budget 5, or --budget 2.50")
    return "none" if without else text


# ── what becomes of it


def apply_asked(project: Project, planner: Any, plan: Plan, *, unasked: bool, as_json: bool) -> Plan | None:
    """Show, ask, apply; the plan as it was applied, None where nobody wanted it."""
    from coordinator.cli.confirm import show
    from coordinator.errors import StalePlan

    steering = Steering(project)
    if unasked:
        with steering.planning():
            plan = planner(look(project))
            steering.apply(plan)
        if not as_json:
            say(plan.summary)
            _say_criteria(plan)
        return plan
    while True:
        show(plan)
        if not click.confirm("Start?", default=True, err=as_json):
            say("nothing was changed, and nothing started")
            return None
        try:
            steering.apply(plan)
        except StalePlan as stale:
            say(f"{stale.message}; this is the plan for how things are now:")
            plan = planner(look(project))
            continue
        return plan


def start(
    project: Project, steering: Steering, plan: Plan, *, until_idle: bool, max_parallel: int | None, as_json: bool
) -> int:
    """Have the loop take up what was planned: here, in a window of its own, or as it runs already."""
    if until_idle:
        from coordinator.cli.loop import run_here

        steering.set_loop("running")
        return run_here(steering, until_idle=True, max_parallel=max_parallel, quiet=as_json)
    window = None
    alive = look(project).loop.alive
    steering.set_loop("running")
    if not alive:
        unready = steering.check_start()
        for sentence in () if as_json else unready:
            styled([("! ", "yellow"), (sentence, "")])
        window = steering.start_loop(max_parallel=max_parallel)
    if as_json:
        emit(plan.to_json(applied=bool(plan.edits)) | {"loop": {"window": window, "started": not alive}})
        return 0
    started = "the loop that runs takes it up" if alive else f"the loop runs in tmux window {window}"
    say(f"{started}; `coord` shows it, `coord attach loop` goes there, `coord milestone` tells how far it is")
    return 0


def _show(plan: Plan, snapshot: Snapshot, *, as_json: bool, done: bool) -> int:
    from coordinator.cli.confirm import show

    if as_json:
        emit(plan.to_json(applied=False))
    elif done:
        milestone = snapshot.milestone
        say(f"{milestone.name} {milestone.title} is done, and the text says nothing new: nothing is started")
        styled([("to go on: ", "dim"), ("change the text, or `coord milestone reopen`", "")])
    else:
        show(plan)
    return 0


def _say_criteria(plan: Plan) -> None:
    told: Any = plan.more.get("milestone")
    for criterion in told["criteria"] if isinstance(told, dict) else ():
        styled([(f"  {criterion['id']:<6}", "bold"), (criterion["text"], "")])
