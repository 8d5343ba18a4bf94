"""`coord pipeline`: one task, for several agents one after the other."""

import sys
from pathlib import PurePath

from coordinator.cli import declared as click
from coordinator.cli.opened import project_of
from coordinator.cli.run import apply_asked, start
from coordinator.cli.services import actor_name, plan_options
from coordinator.client.look import look
from coordinator.client.running import pipeline_kind, read_plan
from coordinator.client.steering import Steering
from coordinator.errors import UsageError
from coordinator.lazy.typing import Any
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.staged_phases import STAGES
from coordinator.model.text import plain
from coordinator.services.piped import Piped, plan_piped


@click.command()
@click.argument("task", metavar="TASK")
@click.option("--pipeline", default="staged", metavar="NAME", help="Which one; `coord pipelines` lists them.")
@click.option("--stage", default=None, type=click.Choice(list(STAGES)), help="Begin with this stage.")
@click.option("--no-test", is_flag=True, help="Leave the stage TEST out.")
@click.option("--plan", default="", metavar="FILE", help="A plan of tasks that is there already; - for standard input.")
@click.option("--after", multiple=True, type=int, metavar="N", help="Run after this prompt; repeatable.")
@click.option("--until-idle", is_flag=True, help="Run the loop here, and end when nothing is left to run.")
@click.option("--max-parallel", type=click.IntRange(1, 200), default=None, help="How many agents at once.")
@plan_options
@click.pass_context
def pipeline(
    ctx: click.Context,
    /,
    task: str,
    until_idle: bool,
    max_parallel: int | None,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Have several agents work on one task, one after the other, on one branch: in stages, or by another pipeline.

    TASK, in a sentence, is what every stage is told. It becomes a prompt; the loop takes it up, and starts in a tmux
    window where it does not run yet.
    """
    project = project_of(ctx)
    steering = Steering(project)
    steering.human("run a pipeline")
    if not (yes or dry_run or sys.stdin.isatty()):
        raise UsageError("nobody is there to confirm", "--yes starts without asking, --dry-run only shows the plan")
    if given["plan"] == "-" and not (yes or dry_run):
        raise UsageError("the plan and your answer can't both come from standard input", "add --yes, or name a file")
    request = Piped(
        task,
        given["pipeline"],
        pipeline_kind(project, given["pipeline"]),
        plan=read_plan(given["plan"]) if given["plan"] else b"",
        plan_name=plain(PurePath(given["plan"]).name) if given["plan"] != "-" else "the plan",
        stage=given["stage"] or "",
        no_test=given["no_test"],
        after=tuple(dict.fromkeys(given["after"])),
        who=actor_name(),
    )

    def planner(snapshot: Snapshot) -> Plan:
        return plan_piped(snapshot, request)

    plan = planner(look(project))
    if dry_run:
        return _show(plan, as_json=as_json)
    applied = apply_asked(project, planner, plan, unasked=yes, as_json=as_json)
    if applied is None:
        return 1
    return start(project, steering, applied, until_idle=until_idle, max_parallel=max_parallel, as_json=as_json)


def _show(plan: Plan, *, as_json: bool) -> int:
    from coordinator.cli.confirm import show
    from coordinator.cli.report import emit

    if as_json:
        emit(plan.to_json(applied=False))
    else:
        show(plan)
    return 0
