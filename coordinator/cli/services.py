"""The six services on the command line: show the plan, confirm, apply; with --json for programs."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, cast

import click

from coordinator.cli.commands import layout_of
from coordinator.cli.confirm import carry_out
from coordinator.cli.targets import number_of
from coordinator.errors import UsageError
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot

F = TypeVar("F", bound=Callable[..., Any])
_RUNNING = "What becomes of a prompt that is in progress."


class _Numbers(click.ParamType[tuple[int, ...]]):
    """`2`, `2,3` or `02`: prompt numbers."""

    name = "N[,N]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",") if part.strip()]
        wrong = [part for part in parts if not (part.isascii() and part.isdigit() and len(part) < 10)]
        if wrong or not parts:
            self.fail(f"`{wrong[0] if wrong else value}` is no prompt number", param, ctx)
        return tuple(int(part) for part in parts)


NUMBERS = _Numbers()


def plan_options(command: F) -> F:
    """The flags that every service has."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON."),
        click.option("--dry-run", is_flag=True, help="Show the plan; change nothing."),
        click.option("-y", "--yes", is_flag=True, help="Apply without asking."),
    ):
        command = option(command)
    return command


def flat(values: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """Repeated and comma-separated numbers as one tuple, each once, in the order given."""
    return tuple(dict.fromkeys(n for group in values for n in group))


def actor_name() -> str:
    from coordinator.eventlog.identity import who

    return who(os.environ, os.getpid()).name


def now_iso() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def body_of(text: str | None) -> str | None:
    """The body given as a file, `-` for standard input; None when it was not given."""
    if text is None:
        return None
    from coordinator.cli.inputs import read_named

    return read_named(text).decode("utf-8", "replace")


@click.command()
@click.option("--title", required=True, help="What is to be done, in a few words.")
@click.option("--after", type=NUMBERS, multiple=True, help="Run after these prompts.")
@click.option("--before", type=NUMBERS, multiple=True, help="Run before these prompts.")
@click.option("--patches", type=NUMBERS, multiple=True, help="It corrects the work of these: a user-patch.")
@click.option("--body", metavar="FILE", help="The prompt's body; - for standard input.")
@click.option("--priority", type=click.Choice(["high", "medium", "low"]), default="medium", show_default=True)
@click.option("--running", type=click.Choice(["finish", "kill"]), help=_RUNNING)
@click.option("--reason", default="", help="Why; goes to the log and the alignment document.")
@plan_options
@click.pass_context
def interject(ctx: click.Context, /, title: str, body: str | None, priority: str, **given: Any) -> int:
    """Put a new prompt between others; the loop picks it up by itself, nothing is renumbered."""
    from coordinator.model.prompt import Priority
    from coordinator.services.interjection import Interjection, plan_interjection

    request = Interjection(
        title=title,
        after=flat(given["after"]),
        before=flat(given["before"]),
        fixes=flat(given["patches"]),
        body=body_of(body) or "",
        priority=Priority(priority),
        running=given["running"],
        reason=given["reason"],
        who=actor_name(),
        at=now_iso(),
    )
    return _run(ctx, lambda snapshot: plan_interjection(snapshot, request), given)


@click.command()
@click.option("--title", required=True, help="What is to be corrected, in a few words.")
@click.option("--fixes", type=NUMBERS, multiple=True, required=True, help="The prompts whose work it corrects.")
@click.option("--went-wrong", default="", help="What went wrong.")
@click.option("--feedback", default="", help="What you want instead.")
@click.option("--issue", "issues", multiple=True, help="A specific issue; may be repeated.")
@click.option("--criterion", "criteria", multiple=True, help="An acceptance criterion; may be repeated.")
@click.option("--before", type=NUMBERS, multiple=True, help="Run before these prompts.")
@click.option("--before-dependents", is_flag=True, help="Run before whatever still depends on the patched work.")
@click.option("--body", metavar="FILE", help="The whole body instead; - for standard input.")
@click.option("--running", type=click.Choice(["finish", "kill"]), help=_RUNNING)
@plan_options
@click.pass_context
def patch(ctx: click.Context, /, title: str, body: str | None, **given: Any) -> int:
    """A quick patch: a user-patch prompt for a specific issue with earlier work."""
    from coordinator.services.quick_patch import QuickPatch, plan_patch

    request = QuickPatch(
        title=title,
        fixes=flat(given["fixes"]),
        went_wrong=given["went_wrong"],
        feedback=given["feedback"],
        issues=given["issues"],
        criteria=given["criteria"],
        before=flat(given["before"]),
        before_dependents=given["before_dependents"],
        running=given["running"],
        body=body_of(body),
        who=actor_name(),
        at=now_iso(),
    )
    return _run(ctx, lambda snapshot: plan_patch(snapshot, request), given)


@click.command()
@click.argument("number")
@click.option("--set", "values", multiple=True, metavar="KEY=VALUE", help="Change one frontmatter value; repeatable.")
@click.option("--body", metavar="FILE", help="A new body; - for standard input.")
@click.option("--mark-user-patch", type=NUMBERS, multiple=True, help="Make it a user-patch of these prompts.")
@click.option("--went-wrong", default="", help="With --mark-user-patch: what went wrong.")
@click.option("--feedback", default="", help="Your words on it; they go to the alignment document too.")
@click.option("--issue", "issues", multiple=True, help="With --mark-user-patch: a specific issue; repeatable.")
@click.option("--running", type=click.Choice(["finish", "steer", "restart"]), help=_RUNNING)
@plan_options
@click.pass_context
def edit(ctx: click.Context, /, number: str, values: tuple[str, ...], body: str | None, **given: Any) -> int:
    """Edit prompt NUMBER: single values, the body, or, with none of these, the whole file in $EDITOR."""
    from coordinator.services.edit import Edit, plan_edit

    changes = dict(_key_value(value) for value in values)
    marks = flat(given["mark_user_patch"])
    source = None
    if not changes and body is None and not marks:
        from coordinator.cli.editor import edited_prompt

        source = edited_prompt(layout_of(ctx), number_of(number))
        if source is None:
            click.echo("nothing was changed")
            return 0
    request = Edit(
        number=number_of(number),
        values=changes,
        body=body_of(body),
        source=source,
        mark_user_patch=marks,
        went_wrong=given["went_wrong"],
        feedback=given["feedback"],
        issues=given["issues"],
        running=given["running"],
        who=actor_name(),
        at=now_iso(),
    )
    return _run(ctx, lambda snapshot: plan_edit(snapshot, request), given)


def _key_value(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise UsageError(f"`{text}` is not KEY=VALUE", "for example --set priority=high")
    return key.strip(), value.strip()


@click.command()
@click.option("--keep", type=NUMBERS, multiple=True, help="Keep these as they are.")
@click.option("--improve", type=NUMBERS, multiple=True, help="Follow these up with an improvement patch.")
@click.option("--eliminate", type=NUMBERS, multiple=True, help="Cancel these; done ones get a reversion patch.")
@click.option("--rationale", default="", help="Why; goes to the prompts and the alignment document.")
@click.option("--kill-running", is_flag=True, help="Eliminating a prompt in progress kills its agent.")
@plan_options
@click.pass_context
def surgery(ctx: click.Context, /, keep: Any, improve: Any, eliminate: Any, **given: Any) -> int:
    """Emergent surgery: with no verdict, shows all emergent prompts side by side."""
    from coordinator.services.surgery import Surgery, plan_surgery

    if not (keep or improve or eliminate):
        from coordinator.cli.cards import print_emergent

        return print_emergent(layout_of(ctx), as_json=given["as_json"])
    request = Surgery(
        keep=flat(keep),
        improve=dict.fromkeys(flat(improve), ""),
        eliminate=flat(eliminate),
        rationale=given["rationale"],
        kill_running=given["kill_running"],
        who=actor_name(),
        at=now_iso(),
    )
    return _run(ctx, lambda snapshot: plan_surgery(snapshot, request), given)


@click.command()
@click.argument("target", metavar="N|AGENT")
@click.option("--requeue", "then", flag_value="requeue", help="The loop starts it again by itself.")
@click.option("--fail", "then", flag_value="fail", help="The step counts as failed, and halts the plan.")
@click.option("--hold", "then", flag_value="hold", default="hold", help="It waits until you restart it (the default).")
@click.option("--reason", default="", help="Why; goes to the log and the prompt.")
@plan_options
@click.pass_context
def kill(ctx: click.Context, /, target: str, then: str, reason: str, **given: Any) -> int:
    """End an agent with everything it started, gracefully first."""
    from coordinator.services.restart import KillRequest, plan_kill

    outcome = cast(Literal["requeue", "fail", "hold"], then)
    request = KillRequest(number_of(target), outcome, reason, actor_name(), now_iso())
    return _run(ctx, lambda snapshot: plan_kill(snapshot, request), given)


@click.command()
@click.argument("target", metavar="N|AGENT")
@click.option("--reason", default="", help="What the next attempt should know; goes into the prompt.")
@click.option("--fresh", is_flag=True, help="From the base, not from the commits and files of the attempt before.")
@plan_options
@click.pass_context
def restart(ctx: click.Context, /, target: str, reason: str, fresh: bool, **given: Any) -> int:
    """Run a failed, held or running prompt again, as a new attempt that goes on from what the last one left."""
    from coordinator.services.restart import RestartRequest, plan_restart

    request = RestartRequest(number_of(target), reason, actor_name(), now_iso(), fresh)
    return _run(ctx, lambda snapshot: plan_restart(snapshot, request), given)


@click.command()
@click.argument("number", metavar="N")
@click.option("--reason", default="", help="Why; goes to the log and the prompt.")
@click.option("--kill-running", is_flag=True, help="If an agent is at it, kill the agent.")
@plan_options
@click.pass_context
def cancel(ctx: click.Context, /, number: str, reason: str, kill_running: bool, **given: Any) -> int:
    """Never run prompt N; what depends on it no longer waits for it."""
    from coordinator.services.cancel import Cancel, plan_cancel

    request = Cancel(number_of(number), reason, kill_running, actor_name(), now_iso())
    return _run(ctx, lambda snapshot: plan_cancel(snapshot, request), given)


@click.command()
@click.argument("plan", required=False)
@plan_options
@click.pass_context
def undo(ctx: click.Context, /, plan: str | None, **given: Any) -> int:
    """Take back PLAN, or the newest one, while nothing has been built on it."""
    from coordinator.apply.plans import plan_undo

    layout = layout_of(ctx)
    return _run(ctx, lambda snapshot: plan_undo(layout, snapshot, plan), given)


def _run(ctx: click.Context, planner: Callable[[Snapshot], Plan], given: dict[str, Any]) -> int:
    return carry_out(layout_of(ctx), planner, yes=given["yes"], dry_run=given["dry_run"], as_json=given["as_json"])
