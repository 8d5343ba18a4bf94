"""`coord agent …`: what agents call to hand off their work. It is about the attempt that launched them."""

from coordinator.cli import declared as click
from coordinator.cli.report import say


@click.group()
def agent() -> None:
    """What agents call to hand off: done, fail, blocked."""


@agent.command()
@click.option("--summary", required=True, help="What was done, in a paragraph.")
@click.option("--limitation", "limitations", multiple=True, metavar="TEXT", help="What it can't do.")
@click.option("--decision", "decisions", multiple=True, metavar="TEXT", help="What was decided, and why.")
@click.option("--validation", "validation", multiple=True, metavar="TEXT", help="What was checked, with its result.")
@click.option("--file", "files", multiple=True, metavar="PATH", help="A file worth looking at.")
@click.option("--no-change", is_flag=True, help="Nothing had to be changed: there is no commit, and none is missing.")
def done(
    summary: str,
    limitations: tuple[str, ...],
    decisions: tuple[str, ...],
    validation: tuple[str, ...],
    files: tuple[str, ...],
    no_change: bool,
) -> None:
    """The acceptance criteria are met; the commits are on the branch."""
    lists = {"limitations": limitations, "decisions": decisions, "validation": validation, "files": files}
    _hand_off("done", summary, no_change=no_change, **lists)


@agent.command()
@click.option("--verdict", "--reason", required=True, help="What does not work, and why.")
@click.option("--left", "--left-to-do", "left", multiple=True, metavar="TEXT", help="What is left to do.")
@click.option("--learning", "learnings", multiple=True, metavar="TEXT", help="What the next attempt should know.")
def fail(verdict: str, left: tuple[str, ...], learnings: tuple[str, ...]) -> None:
    """It can't be done this way."""
    _hand_off("failed", verdict, left=left, learnings=learnings)


@agent.command()
@click.option("--reason", required=True, help="What it waits for.")
def blocked(reason: str) -> None:
    """Something outside this prompt is in the way."""
    _hand_off("blocked", reason)


def _hand_off(outcome: str, summary: str, *, no_change: bool = False, **lists: tuple[str, ...]) -> None:
    from coordinator.client.steering import hand_off

    hand_off(outcome, summary, no_change=no_change, **lists)
    say(f"handed off: {outcome}")
