"""The verbs of the first minutes: init, demo, doctor."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from coordinator.cli.report import emit, say, styled
from coordinator.cli.views import json_option
from coordinator.model.text import amount
from coordinator.observe.observer import Observer

if TYPE_CHECKING:
    from coordinator.storage.paths import Layout


@click.command()
@click.option("--title", default="First milestone", help="What the milestone is called.")
@click.option(
    "--prompts",
    default="",
    metavar="DIR",
    help="Prompts of another harness, run where they are; {branch} is the branch.",
)
@json_option
@click.pass_context
def init(ctx: click.Context, title: str, prompts: str, as_json: bool) -> None:
    """Make .coord/ here; what is there already stays as it is."""
    from coordinator.client.doctor import repository
    from coordinator.eventlog.store import EventLog
    from coordinator.observe.trust import is_trusted, trust_own
    from coordinator.storage.paths import Layout
    from coordinator.storage.project import create_project

    layout = Layout(Path(ctx.obj))
    fresh = not layout.coord.exists()
    made = create_project(layout.root, title=title, prompts=_below(layout.root, prompts))
    if fresh:
        trust_own(layout)
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
        for line in _found(layout, _below(Path(ctx.obj), prompts)) if prompts else (_FIRST,):
            say(line)
        if not fresh and not is_trusted(layout):
            styled([("! ", "yellow"), (".coord/ was here before: nothing of it runs before you trust it", "")])
            styled([("  `coord trust` shows what would run", "dim")])
        missing = repository(layout.root)
        if missing is not None:
            styled([("! ", "yellow"), (missing.message, "")])
            styled([(f"  {missing.remedy}", "dim")])


_FIRST = "Next: write .coord/prompts/01-planned-….prompt.md, `coord validate`, then `coord`."


def _below(root: Path, folder: str) -> str:
    """The folder relative to the root, as settings have it."""
    absolute = os.path.abspath(root)
    return os.path.relpath(folder, absolute) if os.path.isabs(folder) else os.path.normpath(folder) if folder else ""


def _found(layout: "Layout", folder: str) -> tuple[str, ...]:
    """How many prompts there are to work on, and how to go on."""
    from coordinator.storage.branch import in_branch
    from coordinator.storage.unused import unread_folder

    snapshot = Observer(layout).snapshot()
    shown = in_branch(folder, layout.root)
    unread = unread_folder(layout, shown, snapshot.prompts.values())
    if unread is not None and not any(p.path.startswith(f"{shown}/") for p in snapshot.problems):
        return (
            f"{unread.message}.",
            "A prompt is a .md right in that folder, with frontmatter between two --- lines (title, status,",
            "dependencies), whose name begins with its number: 07-what-to-do.md, or which says `number: 7`.",
            "Name them so, or write prompts of your own into .coord/prompts/; then `coord validate`.",
        )
    prompts, problems = amount(len(snapshot.prompts), "prompt"), amount(len(snapshot.problems), "problem")
    return (f"Found {prompts} and {problems}. Next: `coord validate`, then `coord`.",)


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
    from coordinator.client.doctor import examine

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
