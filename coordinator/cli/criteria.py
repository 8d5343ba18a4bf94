"""`coord witnesses` and `coord accept`: what shows that the milestone's criteria are met, and a human's word on one."""

from collections.abc import Sequence

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.client import criteria as client
from coordinator.model.round import Witness
from coordinator.model.text import clip, plain, plain_lines
from coordinator.model.witnesses import Shown, Standing, ended
from coordinator.views.acceptance import tally

_GLYPHS = {
    Shown.WITNESSED: ("✓", "green"),
    Shown.ACCEPTED: ("✓", "green"),
    Shown.FAILED: ("✗", "red"),
    Shown.NOT_MET: ("✗", "red"),
    Shown.STALE: ("~", "yellow"),
    Shown.CLAIMED: ("?", "yellow"),
    Shown.OPEN: ("○", "dim"),
}
_WORDS = {Shown.NOT_MET: "not met", Shown.OPEN: "not shown"}
_ADD = "`coord intent set --criterion TEXT` adds one"
_OUTPUT = 20
"""Lines of a command's output that people are shown."""


@click.command()
@click.option("--run", "again", default=None, metavar="ID", help="Have the loop run the command of this one again.")
@click.option("--prompt", type=int, default=None, metavar="N", help="The acceptance criteria of this prompt alone.")
@click.option("--no-wait", is_flag=True, help="With --run: do not wait for its end.")
@json_option
@click.pass_context
def witnesses(ctx: click.Context, again: str | None, prompt: int | None, no_wait: bool, as_json: bool) -> int:
    """What shows that each criterion is met: command, exit status, commit, and whether that is the base."""
    project = project_of(ctx)
    if again is not None:
        return _run(ctx, again, no_wait=no_wait, as_json=as_json)
    found = client.criteria(project) if prompt is None else ()
    below = client.of_prompts(project, prompt)
    if as_json:
        emit({"criteria": [one.to_json() for one in (*found, *below)]})
        return 0
    print_criteria(found, "" if prompt is not None else "the milestone has no success criteria yet: " + _ADD)
    if below and prompt is None:
        say("acceptance criteria of prompts:")
    print_criteria(below, "" if prompt is None else f"prompt {prompt} has no acceptance criteria")
    return 0


@click.command()
@click.argument("name", metavar="ID")
@click.option("--reason", required=True, help="What you saw that shows it; goes to the log.")
@json_option
@click.pass_context
def accept(ctx: click.Context, name: str, reason: str, as_json: bool) -> None:
    """Say that a criterion, SC-3 or AC-07-1, is met, as it is worded now. Only a human can."""
    found, seq = client.accept(project_of(ctx), name, reason)
    if as_json:
        emit(found.to_json() | {"seq": seq})
    else:
        say(f"{found.criterion.id} is accepted, event {seq}: {clip(plain(found.criterion.text), 80)}")


def _run(ctx: click.Context, name: str, *, no_wait: bool, as_json: bool) -> int:
    project = project_of(ctx)
    asked = client.run_again(project, name)
    if no_wait or not asked.loop_runs:
        if as_json:
            emit({"id": asked.criterion, "command": asked.command, "seq": asked.seq, "witness": None})
        else:
            when = "the loop runs it now" if asked.loop_runs else "it runs as soon as a loop does: coord loop"
            say(f"asked for as event {asked.seq}: {when}")
        return 0
    if not as_json:
        styled([(f"{asked.criterion}  ", "dim"), (clip(plain(asked.command), 100), "bold")])
    ran = client.wait_for_run(project, asked)
    if ran is None:
        return 1
    if as_json:
        emit({"id": asked.criterion, "command": asked.command, "seq": asked.seq, "witness": ran.to_json()})
    else:
        for line in plain_lines(ran.output)[-_OUTPUT:]:
            say(f"  {line}")
        styled([(f"{ended(ran)} on {plain(ran.commit[:10])}, in {ran.seconds:g} s", "green" if ran.held else "red")])
    return 0 if ran.held else 1


def print_criteria(found: Sequence[Standing], none: str = "") -> None:
    """Each criterion with what shows it, then how many are; `none`: what is said where there are none."""
    for one in found:
        _print(one)
    if found:
        styled([(tally(found), "bold")])
    elif none:
        say(none)


def _print(one: Standing) -> None:
    glyph, colour = _GLYPHS[one.shown]
    word = _WORDS.get(one.shown, one.shown.value)
    styled(
        [
            (f"{glyph} ", colour),
            (f"{one.criterion.id:<8}", "dim"),
            (f"{word:<10}", colour),
            (f"  {clip(plain(one.criterion.text), 90)}", ""),
        ]
    )
    if one.acceptance is not None:
        reason = clip(plain(one.acceptance.reason), 80)
        styled([(f"{'':<22}by {plain(one.acceptance.by)}: {reason}", "dim")])
    elif one.witness is not None:
        styled([(f"{'':<22}{_how(one.witness, fresh=one.fresh)}", "dim")])
    elif one.claim is not None and one.claim.command:
        styled([(f"{'':<22}{clip(plain(one.claim.command), 90)}", "dim")])


def _how(witness: Witness, *, fresh: bool) -> str:
    where = "the base" if fresh else "not the base any more"
    box = ", in the sandbox" if witness.sandboxed else ""
    return f"{clip(plain(witness.command), 60)}  {ended(witness)} on {plain(witness.commit[:10])} ({where}){box}"
