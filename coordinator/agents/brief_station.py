"""What the agent of a station is told of its place in a pipeline: what it is given, what is its own, how to end. Pure.

Artifacts were written by other agents: they stand there as quotations, each line of them.
"""

from collections.abc import Iterator

from coordinator.agents.brief import Beside, Brief, StationBrief, fitted
from coordinator.agents.brief_ending import speak
from coordinator.agents.brief_words import QUOTED, clipped, one_line, quote, rows, section, short
from coordinator.model.contract import EVERYTHING
from coordinator.model.text import amount, plain
from coordinator.model.worklist import WorkItem

GIVEN, EACH = 60_000, 16_000
"""Characters of all artifacts, and of one."""
_ITEMS = 50
"""Items of a worklist that are told in full."""
_GLOBS = 12
"""Globs that are named."""


def place(brief: Brief) -> str:
    """The pipeline, with what is done and what is pending in it."""
    at = brief.station
    if at is None:
        return ""
    lines = [_beside(one, one.name == at.station) for one in at.stations]
    there = ", ".join(f"`{name}` ({plain(by)})" for name, by in at.made)
    parts = [
        f"Several agents work on this prompt, one after the other, on one branch. You are `{at.station}`"
        + (f", in round {at.round}." if at.round > 1 else "."),
        f"Why it is your turn: {short(at.why)}" if at.why else "",
        f"The stations, with what their agents handed off ({QUOTED}):\n\n{rows(lines)}" if lines else "",
        f"What was handed in so far: {there}." if there else "",
        f"What was changed so far: `git diff {plain(brief.base_branch)}...HEAD`." if brief.base_branch else "",
    ]
    return section(f"## Where you stand: `{at.turn}` of the pipeline `{at.pipeline}`", parts)


def _beside(one: Beside, own: bool) -> str:
    said = f": {clipped(one_line(one.said), 300)}" if one.said else ""
    return f"> - {one.name}{', you' if own else ''}: {one.state}{said}"


def given(brief: Brief) -> str:
    """The artifacts that its flow reads, whole where there is room."""
    at = brief.station
    if at is None or not (at.given or at.lacking):
        return ""
    lacking = ", ".join(f"`{name}`" for name in at.lacking)
    if not at.given:
        return f"## What you are given\n\nNothing yet. What your flow reads, and nobody has made: {lacking}."
    heads = [f"### {one.name}, by {plain(one.by)}" for one in at.given]
    room = GIVEN - sum(map(len, heads)) - 200 - 80 * len(heads)
    quoted = [fitted([quote(one.text)], EACH, one.place)[0] for one in at.given]
    texts = fitted(quoted, room, at.out.removesuffix("out") + "in")
    parts = [f"{head}\n\n{text}" for head, text in zip(heads, texts, strict=True)]
    title = f"## What you are given ({QUOTED}); the files are in `$COORD_IN`"
    return section(title, [*parts, f"Not there: {lacking}." if lacking else ""])


def items(brief: Brief) -> str:
    """What a critic wants of it."""
    at = brief.station
    if at is None or not at.items:
        return ""
    lines = [_item(one) for one in at.items[:_ITEMS]]
    more = f"And {amount(len(at.items) - _ITEMS, 'more item')} in the worklist." if len(at.items) > _ITEMS else ""
    return section(f"## What a critic wants you to look at ({QUOTED})", [rows(lines), more])


def _item(one: WorkItem) -> str:
    head = " ".join(filter(None, (one.id, one.severity, one.place)))
    return f"> - {clipped(one_line(head), 120)}: {short(one.summary or one.category or 'no word of what it is')}"


def ending(brief: Brief) -> str:
    """How to speak, what to hand in, and how to end."""
    at, attempt = brief.station, brief.attempt
    if at is None or attempt is None:
        return ""
    return speak(attempt.agent, _checkout(at, attempt.branch), "".join(_outputs(at)), _done(at))


def _checkout(at: StationBrief, branch: str) -> str:
    if not at.writes:
        may = "You change no file of the project and commit nothing: what you change is taken back and reported."
    elif at.writes == EVERYTHING:
        may = "Commit your work there: what is not committed does not count."
    else:
        shown = ", ".join(f"`{plain(glob)}`" for glob in at.writes[:_GLOBS])
        more = f" and {len(at.writes) - _GLOBS} more" if len(at.writes) > _GLOBS else ""
        may = f"You may change {shown}{more}.\nWhat else you change is taken back and reported. Commit your work there."
    on = f"Your working directory is a checkout on branch `{branch}`,\non which all stations work. "
    alone = "Make no other checkout or branch, leave no stash, and leave\nthe commits of others as they are."
    return f"{on}{alone}\n{may}\n"


def _outputs(at: StationBrief) -> Iterator[str]:
    if not at.outputs:
        return
    yield f"- What you hand in, written to `$COORD_OUT` before you end, and nothing else there\n  (it is `{at.out}`):\n"
    whole = dict.fromkeys(one.file for one in at.outputs)
    for name in whole:
        fields = [one.field for one in at.outputs if one.file == name and one.field]
        optional = all(one.optional for one in at.outputs if one.file == name)
        own = f", of each criterion only {', '.join(f'`{field}`' for field in fields)}" if fields else ""
        yield f"  - `{name}`{own}{', if there is something to say' if optional else ''}\n"


def _done(at: StationBrief) -> str:
    others = ", ".join(f"`{one.name}`" for one in at.stations if one.name != at.station)
    after = f"\n  `--next STATION` if another than the next in line should go on: {others}." if others else ""
    lacking = "\n  It is refused while something that you have to hand in is missing." if at.outputs else ""
    commit = " and everything is committed" if at.writes else ""
    more = "`--decision` and `--limitation` for what the next reader has to know"
    return (
        f'`coord agent done --summary "TEXT"` when your part is done{commit};\n'
        f'  add `--validation "COMMAND: RESULT"`, {more}.{lacking}{after}\n'
        '  `--learning "TEXT"`: what would have saved you two tool calls, had you known it.'
    )
