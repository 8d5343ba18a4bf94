"""`coord strict`: agents as a user of their own, who speaks through the loop and can't touch the log."""

from collections.abc import Sequence

import click

from coordinator.agents.user import AgentUser
from coordinator.cli.commands import layout_of
from coordinator.cli.humans import humans_only
from coordinator.cli.look import json_option
from coordinator.cli.report import emit, say, styled
from coordinator.model.problem import Problem
from coordinator.strict import DEFAULT_USER, examine_strict, set_up


@click.group()
def strict() -> None:
    """Strict mode: agents run as another user, and what they may not write is kept from them by the system.

    Without it, who writes is told by where a process runs, which guards against mistakes. With it, agents can't open
    the log at all: their commands go to the loop, which the kernel tells whose they are. It needs Linux and a loop that
    runs as root, as in a container.
    """


@strict.command()
@click.option(
    "--user", default=DEFAULT_USER, show_default=True, help="Who agents run as; made if there is no such user."
)
@json_option
@click.pass_context
def setup(ctx: click.Context, user: str, as_json: bool) -> int:
    """Prepare the user, the settings and the permissions, and check them. Run it as root."""
    layout = layout_of(ctx)
    humans_only(layout, "set up strict mode")
    done = set_up(layout, user)
    for sentence in () if as_json else done:
        styled([("✓ ", "green"), (sentence, "")])
    return _report(*examine_strict(layout), done=done, as_json=as_json)


@strict.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> int:
    """Tell whether strict mode is on, and what is missing for it; exit 1 when something is."""
    return _report(*examine_strict(layout_of(ctx)), done=(), as_json=as_json)


def _report(user: AgentUser | None, problems: Sequence[Problem], *, done: Sequence[str], as_json: bool) -> int:
    if as_json:
        name = user.name if user is not None else None
        emit(
            {"strict": name is not None, "user": name, "done": list(done), "problems": [p.to_json() for p in problems]}
        )
        return 1 if problems else 0
    for problem in problems:
        styled([("✗ ", "red"), (f"{problem.path}: {problem.message}", "")])
        styled([(f"  {problem.remedy}", "dim")])
    if user is None and not problems:
        say("strict mode is off; `coord strict setup` turns it on")
    elif not problems and user is not None:
        styled([("✓ ", "green"), (f"agents run as {user.name}; a loop that is started from now on keeps to it", "")])
    return 1 if problems else 0
