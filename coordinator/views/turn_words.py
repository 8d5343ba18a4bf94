"""A turn of a pipeline in the words of people: who its agent is, where one stands, how it went. Pure."""

from coordinator.lazy import regex
from coordinator.model.pipeline import STAGED, Position
from coordinator.model.text import amount, clip, plain

_TURN = regex.compile(r"(\d+)-\d+-([A-Za-z0-9][A-Za-z0-9._+-]*)")
_REASON = 200
"""Columns of what somebody else wrote."""


def turn_name(agent: str) -> str:
    """`07-1-critic.2` as people call it: `07 critic.2`; empty for the name of any other agent."""
    match = _TURN.fullmatch(agent)
    return f"{match[1]} {match[2].replace('+', '/')}" if match else ""


def turn_subject(key: str) -> str:
    """What events of a turn are about, `7/critic.2`, in the same words."""
    number, _, path = key.partition("/")
    return f"{int(number):02d} {path}" if number.isascii() and number.isdigit() and len(number) < 10 else key


def how_it_went(position: Position) -> str:
    """`build in 8 turns: requirements-author, implementer 3 times, …`, once a pipeline is through."""
    made = [turn for turn in position.turns if turn.state != "skipped"]
    if position.kind == STAGED:
        told = list(dict.fromkeys(turn.station.partition("/")[0] for turn in made))
    else:
        names = dict.fromkeys(turn.station for turn in made)
        counts = {name: sum(turn.station == name for turn in made) for name in names}
        told = [name if counts[name] == 1 else f"{name} {counts[name]} times" for name in names]
    failed = sum(turn.state in ("failed", "blocked") for turn in made)
    more = f"; {amount(failed, 'turn')} came to nothing" if failed else ""
    return f"{plain(position.pipeline)} in {amount(len(made), 'turn')}: {', '.join(map(plain, told))}{more}"


def where_it_stands(position: Position) -> str:
    """`build, at code-critic.2, round 2`; with the question that it waits for, or why it can't go on."""
    name = plain(position.pipeline)
    if position.broken:
        return f"where its pipeline stands can't be read: {clip(plain(position.broken), _REASON)}"
    if position.waits and position.asked is not None:
        return f"{name} waits for your answer: {clip(plain(position.asked.text), _REASON)}"
    at = [f"{turn.path}, round {turn.round}" if turn.round > 1 else turn.path for turn in position.due]
    if not at:
        return f"{name} is through" if position.ended else f"{name} goes on"
    left = f" and {len(at) - 3} more" if len(at) > 3 else ""
    return f"{name}, at {'; '.join(at[:3])}{left}"
