"""The verbs of the first minutes: init, demo, doctor."""

import sys
from pathlib import Path

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option
from coordinator.cli.report import emit, say, styled
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.text import amount

if TYPE_CHECKING:
    from coordinator.client.opening import Project


@click.command()
@click.option("--title", default="First milestone", help="What the milestone is called.")
@click.option(
    "--prompts",
    default="",
    metavar="DIR",
    help="Prompts of another harness, run where they are; {branch} is the branch.",
)
@click.option("--import", "bring", is_flag=True, help="Make prompts of the tasks that other tools have here.")
@click.option(
    "--agents-may",
    default=None,
    type=click.Choice(["ask", "edit", "sandbox"]),
    help="What agents do by themselves: ask for everything, edit files, or work in their sandbox.",
)
@click.option("--yes", is_flag=True, help="Ask nothing of how much agents may do: they ask for everything.")
@json_option
@click.pass_context
def init(
    ctx: click.Context, title: str, prompts: str, bring: bool, agents_may: str | None, yes: bool, as_json: bool
) -> int:
    """Make .coord/ here; what is there already stays as it is.

    Asks once how much agents may do by themselves; coord's own verbs are always allowed to them. Tasks that another
    tool keeps here are offered as prompts.
    """
    from coordinator.cli.importing import bring_in, offer_tasks
    from coordinator.client.doctor import repository
    from coordinator.client.importing import find_tasks
    from coordinator.client.opening import project_at
    from coordinator.client.setup import make_project

    project = project_at(ctx.obj)
    if agents_may is None and not (yes or as_json or project.layout.config.exists()) and _somebody_is_there():
        agents_may = _ask_how_much()
    made = make_project(project, title=title, prompts=prompts, agents_may=agents_may or "ask")
    offers = find_tasks(project) if bring or (made.paths and not prompts and not made.untrusted) else []
    if as_json:
        imported = [bring_in(project, offer) for offer in offers if bring]
        found = [{"format": offer.form, "place": offer.place, "tasks": offer.tasks} for offer in offers]
        emit({"created": made.paths, "found": found, "imported": imported})
        return 0
    if not made.paths:
        say("everything is in place already")
    else:
        for path in made.paths:
            styled([("+ ", "green"), (path, "")])
        if project.layout.rel(project.layout.config) in made.paths:
            for line in _leeway(agents_may or "ask"):
                say(line)
        for line in _found(project, prompts) if prompts else (_FIRST,):
            say(line)
        if made.untrusted:
            styled([("! ", "yellow"), (".coord/ was here before: nothing of it runs before you trust it", "")])
            styled([("  `coord trust` shows what would run", "dim")])
        missing = repository(project)
        if missing is not None:
            styled([("! ", "yellow"), (missing.message, "")])
            styled([(f"  {missing.remedy}", "dim")])
    for offer in offers:
        offer_tasks(project, offer, unasked=bring)
    return 0


def _somebody_is_there() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask_how_much() -> str:
    """A person's choice of a level, by number or name."""
    from click import Choice, prompt

    from coordinator.client.setup import levels

    known = levels()
    say("How much may agents do by themselves? (`agent_arguments` in .coord/coord.yaml says it; change it there)")
    for number, (name, words) in enumerate(known.items(), 1):
        say(f"  {number}  {name:<8} {words}")
    names = dict(zip(map(str, range(1, len(known) + 1)), known, strict=True)) | {name: name for name in known}
    chosen = prompt("Which?", default="1", type=Choice([*names]), show_choices=False)
    return names[chosen]


def _leeway(level: str) -> list[str]:
    """What each agent CLI that is here does at this level."""
    import shutil

    from coordinator.client.setup import leeways

    here = {name: words for name, (words, _) in leeways(level).items() if shutil.which(name)}
    return [f"  {name} {words}" for name, words in here.items()]


_FIRST = (
    "Next: `coord run SPEC.md` has a specification planned and worked on;\n"
    "      or write .coord/prompts/01-planned-….prompt.md, `coord validate`, then `coord`."
)


def _found(project: "Project", folder: str) -> tuple[str, ...]:
    """How many prompts there are to work on, and how to go on."""
    from coordinator.client.look import look
    from coordinator.client.setup import unread

    snapshot = look(project)
    problem = unread(project, snapshot, folder)
    if problem is not None:
        return (
            f"{problem.message}.",
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
@click.option("--notify", is_flag=True, help="Send a word to each address that is told what waits.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, notify: bool, as_json: bool) -> int:
    """Check what coord needs: tmux, git, the agents, this project. Exit 1 when something is missing."""
    from coordinator.client.doctor import examine

    problems, notes = examine(Path(ctx.obj), try_addresses=notify)
    if as_json:
        emit({"problems": [p.to_json() for p in problems], "notes": notes})
        return 1 if problems else 0
    for note in notes:
        styled([("✓ ", "green"), (note, "")])
    for problem in problems:
        styled([("✗ ", "red"), (f"{problem.path}: {problem.message}", "")])
        styled([(f"  {problem.remedy}", "dim")])
    return 1 if problems else 0
