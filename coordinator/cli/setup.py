"""The verbs of the first minutes: init, demo, doctor."""

from pathlib import Path

import click

from coordinator.cli.look import json_option
from coordinator.cli.report import emit, say, styled


@click.command()
@click.option("--title", default="First milestone", help="What the milestone is called.")
@json_option
@click.pass_context
def init(ctx: click.Context, title: str, as_json: bool) -> None:
    """Make .coord/ here; what is there already stays as it is."""
    from coordinator.artifacts.paths import Layout
    from coordinator.artifacts.project import create_project
    from coordinator.cli.examine import repository
    from coordinator.events.store import EventLog

    made = create_project(Path(ctx.obj), title=title)
    layout = Layout(Path(ctx.obj))
    if not layout.events_db.exists():
        EventLog.open(layout.events_db, create=True).close()
        made.append(layout.rel(layout.events_db))
    if as_json:
        emit({"created": made})
    elif not made:
        say("everything is in place already")
    else:
        for path in made:
            styled([("+ ", "green"), (path, "")])
        say("Next: write .coord/prompts/01-planned-….prompt.md, `coord validate`, then `coord`.")
        missing = repository(layout.root)
        if missing is not None:
            styled([("! ", "yellow"), (missing.message, "")])
            styled([(f"  {missing.remedy}", "dim")])


@click.command()
@click.option("--headless", is_flag=True, help="Progress lines instead of the screen.")
@click.option("--keep", type=click.Path(path_type=Path), default=None, metavar="DIR", help="Work in DIR and keep it.")
def demo(headless: bool, keep: Path | None) -> int:
    """Watch a small scripted project run from its prompts to the end; needs no network and no agent."""
    from coordinator.cli.demo import run_demo

    return run_demo(headless=headless, keep=keep)


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> int:
    """Check what coord needs: tmux, git, the agents, this project. Exit 1 when something is missing."""
    from coordinator.cli.examine import examine

    problems, notes = examine(Path(ctx.obj))
    if as_json:
        emit({"problems": [p.to_json() for p in problems], "notes": notes})
        return 1 if problems else 0
    for note in notes:
        styled([("✓ ", "green"), (note, "")])
    for problem in problems:
        styled([("✗ ", "red"), (f"{problem.path}: {problem.message}", "")])
        styled([(f"  {problem.remedy}", "dim")])
    return 1 if problems else 0
