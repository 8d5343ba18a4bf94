"""`coord feedback`: what was found that is not as it should be, and what is to become of it."""

import time
from collections.abc import Callable

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.client.findings import file_finding, finding, findings
from coordinator.lazy.typing import Any
from coordinator.model.clock import iso
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.prompt import Priority
from coordinator.model.text import amount, clip, plain
from coordinator.views.feedback import became, finding_json, whole_json

_STYLES = {Priority.HIGH: "red", Priority.MEDIUM: "yellow", Priority.LOW: "dim"}
_PRIORITIES = click.Choice([priority.value for priority in Priority])


def _plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        json_option,
        click.option("--dry-run", is_flag=True, help="Show the plan; change nothing."),
        click.option("--yes", "-y", is_flag=True, help="Apply without asking."),
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@click.option("--all", "every", is_flag=True, help="Also those that are planned, left for later, or waived.")
@json_option
@click.pass_context
def feedback(ctx: click.Context, every: bool, as_json: bool) -> None:
    """Findings of specialists and people: open ones, the most urgent first."""
    if ctx.invoked_subcommand is not None:
        return
    items, problems = findings(project_of(ctx))
    if as_json:
        emit({"feedback": [finding_json(item) for item in items], "problems": [p.to_json() for p in problems]})
        return
    shown = [item for item in items if every or item.open]
    for item in shown:
        _print_line(item)
    rest = len(items) - len(shown)
    if not shown:
        say("nothing is open" if rest else "no feedback yet: `coord feedback file --title T` files some")
    if rest:
        styled([(f"{rest} more are dealt with: ", "dim"), ("coord feedback --all", "bold")])
    if problems:
        styled([(f"{amount(len(problems), 'file')} can't be read: ", "yellow"), ("coord validate", "bold")])


@feedback.command("show")
@click.argument("number", type=int)
@json_option
@click.pass_context
def show_finding(ctx: click.Context, number: int, as_json: bool) -> None:
    """All of finding NUMBER."""
    item = finding(project_of(ctx), number)
    if as_json:
        emit(whole_json(item))
        return
    _print_line(item)
    styled([(f"     {became(item)}", ""), (f"  {plain(item.source)}" if item.source else "", "dim")])
    for title, text in (("Issue", item.issue), ("Impact", item.impact), ("Suggestion", item.suggestion)):
        if text:
            styled([(title, "bold")])
            for line in text.splitlines():
                say(f"  {line}")


@feedback.command("file")
@click.option("--title", required=True, help="What is not as it should be, in a few words.")
@click.option("--priority", type=_PRIORITIES, default="medium", help="How urgent it is.")
@click.option("--category", default="", metavar="WORD", help="security, tests, performance, …")
@click.option("--location", default="", metavar="PATH[:LINE]", help="Where it is.")
@click.option("--issue", default="", metavar="TEXT", help="What is wrong, and how that shows.")
@click.option("--impact", default="", metavar="TEXT", help="What comes of it.")
@click.option("--suggestion", default="", metavar="TEXT", help="What would mend it.")
@json_option
@click.pass_context
def file_new(
    ctx: click.Context,
    title: str,
    priority: str,
    category: str,
    location: str,
    issue: str,
    impact: str,
    suggestion: str,
    as_json: bool,
) -> None:
    """File a finding; one that says the same already is not filed twice."""
    found = Feedback(
        0,
        title,
        Priority(priority),
        category,
        location=location,
        issue=issue,
        impact=impact,
        suggestion=suggestion,
    )
    item, new = file_finding(project_of(ctx), found)
    if as_json:
        emit(whole_json(item) | {"new": new})
    else:
        say(f"filed as {item.label}" if new else f"known already as {item.label}: {item.title}")


@feedback.command()
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why it need not be dealt with.")
@_plan_options
@click.pass_context
def waive(ctx: click.Context, number: int, reason: str, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Say that finding NUMBER need not be dealt with. Only a human can."""
    return _judge(ctx, number, yes, dry_run, as_json, status=FeedbackStatus.WAIVED, reason=reason)


@feedback.command()
@click.argument("number", type=int)
@click.option("--reason", default="", help="Why; goes to the log.")
@_plan_options
@click.pass_context
def backlog(ctx: click.Context, number: int, reason: str, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Leave finding NUMBER for later."""
    return _judge(ctx, number, yes, dry_run, as_json, status=FeedbackStatus.BACKLOG, reason=reason)


@feedback.command()
@click.argument("number", type=int)
@click.option("--reason", default="", help="Why; goes to the log.")
@_plan_options
@click.pass_context
def reopen(ctx: click.Context, number: int, reason: str, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Open finding NUMBER again."""
    return _judge(ctx, number, yes, dry_run, as_json, status=FeedbackStatus.OPEN, reason=reason)


@feedback.command()
@click.argument("number", type=int)
@click.argument("value", type=_PRIORITIES, metavar="high|medium|low")
@click.option("--reason", default="", help="Why; goes to the log.")
@_plan_options
@click.pass_context
def priority(ctx: click.Context, number: int, value: str, reason: str, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Make finding NUMBER more or less urgent."""
    return _judge(ctx, number, yes, dry_run, as_json, priority=Priority(value), reason=reason)


@feedback.command("plan")
@click.argument("number", type=int)
@click.option("--title", default="", help="Of the prompt; the finding's without one.")
@click.option("--after", type=int, multiple=True, metavar="N", help="Run after these prompts.")
@click.option("--before", type=int, multiple=True, metavar="N", help="Run before these prompts.")
@click.option("--patches", "fixes", type=int, multiple=True, metavar="N", help="It corrects the work of these.")
@_plan_options
@click.pass_context
def plan_prompt(
    ctx: click.Context,
    number: int,
    title: str,
    after: tuple[int, ...],
    before: tuple[int, ...],
    fixes: tuple[int, ...],
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Make a prompt of finding NUMBER."""
    from coordinator.cli.confirm import carry_out
    from coordinator.client.steering import actor
    from coordinator.services.feedback import plan_prompt_for
    from coordinator.services.interjection import Interjection

    project = project_of(ctx)
    asked = Interjection(title, after=after, before=before, fixes=fixes, who=actor().name, at=iso(time.time()))
    planner = lambda snapshot: plan_prompt_for(snapshot, finding(project, number), asked)  # noqa: E731
    return carry_out(project, planner, yes=yes, dry_run=dry_run, as_json=as_json)


def _judge(ctx: click.Context, number: int, yes: bool, dry_run: bool, as_json: bool, **judgement: Any) -> int:
    from coordinator.cli.confirm import carry_out
    from coordinator.services.feedback import Judgement, plan_judgement

    project = project_of(ctx)
    planner = lambda snapshot: plan_judgement(snapshot, Judgement(finding(project, number), **judgement))  # noqa: E731
    return carry_out(project, planner, yes=yes, dry_run=dry_run, as_json=as_json)


def _print_line(item: Feedback) -> None:
    where = f"  {clip(plain(item.location), 40)}" if item.location else ""
    category = f"  {clip(plain(item.category), 20)}" if item.category else ""
    styled(
        [
            (f"{item.label}  ", "dim"),
            (f"{item.priority.value:<6}  ", _STYLES[item.priority]),
            (clip(plain(item.title), 80), "bold" if item.open else ""),
            (f"{category}{where}", "dim"),
            ("" if item.open else f"  {clip(plain(became(item)), 60)}", "dim"),
        ]
    )
