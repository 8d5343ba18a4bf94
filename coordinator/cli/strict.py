"""`coord strict`: agents as users of their own, who speak through the loop and can't touch the log."""

from collections.abc import Sequence

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.client import strict_mode
from coordinator.client.steering import Steering


@click.group()
def strict() -> None:
    """Strict mode: each agent runs as another user, and what it may not write is kept from it by the system.

    Without it, who writes is told by where a process runs, which guards against mistakes. With it, agents can't open
    the log at all: their commands go to the loop, which the kernel tells whose they are. It needs Linux and a loop that
    runs as root, as in a container.
    """


@strict.command()
@click.option(
    "--user",
    "users",
    multiple=True,
    default=(strict_mode.DEFAULT_USER,),
    show_default=True,
    help="Whose name agents run under: NAME runs suites, NAME-1, NAME-2, … one agent each; made if they are not there. "
    "Given several times: the first runs suites, the others one agent each.",
)
@click.option("--agents", type=click.IntRange(1, 256), help="How many agents can work at the same time.")
@json_option
@click.pass_context
def setup(ctx: click.Context, users: tuple[str, ...], agents: int | None, as_json: bool) -> int:
    """Prepare the users, the settings and the permissions, and check them. Run it as root."""
    project = project_of(ctx)
    done = strict_mode.set_up(project, Steering(project).human("set up strict mode"), users, agents or 0)
    for sentence in () if as_json else done:
        styled([("✓ ", "green"), (sentence, "")])
    return _report(strict_mode.examine(project), done=done, as_json=as_json)


@strict.command()
@json_option
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> int:
    """Tell whether strict mode is on, and what is missing for it; exit 1 when something is."""
    return _report(strict_mode.examine(project_of(ctx)), done=(), as_json=as_json)


def _report(found: strict_mode.StrictMode, *, done: Sequence[str], as_json: bool) -> int:
    problems = found.problems
    if as_json:
        emit(
            {
                "strict": found.gate is not None,
                "user": found.gate,
                "agents": list(found.agents),
                "done": list(done),
                "problems": [p.to_json() for p in problems],
            }
        )
        return 1 if problems else 0
    for problem in problems:
        styled([("✗ ", "red"), (f"{problem.path}: {problem.message}", "")])
        styled([(f"  {problem.remedy}", "dim")])
    if found.gate is None and not problems:
        say("strict mode is off; `coord strict setup` turns it on")
    elif not problems:
        names = ", ".join(found.agents)
        styled([("✓ ", "green"), (f"agents run as {names}; a loop that is started from now on keeps to it", "")])
    return 1 if problems else 0
