"""What comes next of a pipeline of stations: its order, the rounds of a critic, and what agents recommend. Pure."""

from coordinator.model.pipeline import (
    ABORT,
    SKIP,
    Ask,
    End,
    Move,
    Position,
    Start,
    Station,
    Turn,
    maker_of,
    missing_inputs,
    turn_path,
)
from coordinator.model.text import amount, clip, plain

_PER_STATION = 6
"""Turns in all, for each station: more than that no loop of recommendations makes by itself."""
_WORDS = 200
"""Characters of what an agent said that a reason quotes."""


def next_move(position: Position) -> Move | None:
    """What comes after the turns that are over; None while one runs. See `next_move.next_move`."""
    if position.due:
        return None
    if position.asked is not None:
        return _answered(position, position.asked.answer)
    last = next((turn for turn in reversed(position.turns) if turn.state != "skipped"), None)
    if last is None:
        return _in_order(position, None, "the pipeline begins")
    match last.state:
        case "done":
            return _follow(position, last)
        case "interrupted":
            return _again(position, last, last.why or "it was interrupted")
        case "failed" if _failures(position, last) <= _of(position, last).retries:
            return _again(position, last, f"it failed: {clip(plain(last.why), _WORDS)}")
        case _:
            return _ask(last)


def most_turns(position: Position, station: Station) -> int:
    """How many turns a station is given without a human's word."""
    critics = (one for one in position.stations if one.loop == station.name)
    return max([station.rounds, *(critic.rounds for critic in critics)]) + station.retries + 1


def _answered(position: Position, answer: str) -> Move | None:
    asked = position.asked
    assert asked is not None
    last = position.turn(asked.turn) if asked.turn else None
    if answer == ABORT:
        why = f"a human gave it up at {asked.station}: {asked.text}"
        return End("failed", why)
    if answer == SKIP:
        return _in_order(position, asked.station, f"a human skipped {asked.station}", came_from=asked.turn)
    if last is None:
        return _begin(position, asked.station, "as a human said", came_from="")
    return _again(position, last, "as a human said")


def _follow(position: Position, last: Turn) -> Move:
    """After a turn that was accepted: what its agent recommends, else its critic's rounds, else the order."""
    station = _of(position, last)
    there, why_not = _recommended(position, last)
    if last.unsealed and (there is None or _lies_behind(position, there, station)):
        return Ask(
            last.station, f"{last.path} did not seal: {'; '.join(filter(None, (last.unsealed, why_not)))}", last.path
        )
    if there is not None:
        reason = f"{last.path} recommended it"
        return _begin(position, there.name, reason, came_from=last.path, recommended=last.next)
    more = f"; {why_not}" if why_not else ""
    if station.loop and last.pending:
        made = _rounds(position, station.loop)
        items = amount(last.pending, "open item")
        target = position.station(station.loop)
        if target is None or not target.enabled:
            more = f"; {items} stay open: {station.loop} is not part of it{more}"
        elif not last.helps:
            more = f"; {items} stay open: {last.path} says that no further round helps{more}"
        elif made >= station.rounds or not _may_turn(position, target):
            more = f"; {items} stay open after {amount(made, 'round')}{more}"
        else:
            reason = f"{items}: round {made + 1} of {station.rounds}{more}"
            return _begin(position, target.name, reason, came_from=last.path, recommended=last.next)
    return _in_order(position, last.station, f"after {last.path}{more}", came_from=last.path, recommended=last.next)


def _lies_behind(position: Position, one: Station, other: Station) -> bool:
    """It comes after the other in the order of the pipeline."""
    names = [station.name for station in position.stations]
    return one.name in names and other.name in names and names.index(one.name) > names.index(other.name)


def _recommended(position: Position, last: Turn) -> tuple[Station | None, str]:
    """The station that a hand-off names, if it may be next; else why it may not, empty where none is named."""
    wanted = last.next.strip()
    if not wanted:
        return None, ""
    shown = clip(plain(wanted), 60)
    named = (one for one in position.stations if wanted.casefold() in (one.name.casefold(), one.flow.casefold()))
    there = next(named, None)
    if there is None:
        return None, f"{shown}, which {last.path} recommended, is no station of it"
    if not there.enabled:
        return None, f"{shown}, which {last.path} recommended, is disabled"
    if missing := missing_inputs(position, there):
        return None, f"{shown}, which {last.path} recommended, lacks {', '.join(missing)}"
    if not _may_turn(position, there):
        return None, f"{shown}, which {last.path} recommended, had all of its turns"
    return there, ""


def _may_turn(position: Position, station: Station) -> bool:
    made = [turn for turn in position.turns_at(station.name) if turn.state not in ("skipped", "interrupted")]
    in_all = sum(turn.state not in ("skipped", "interrupted") for turn in position.turns)
    return len(made) < most_turns(position, station) and in_all < _PER_STATION * len(position.stations)


def _in_order(
    position: Position, after: str | None, reason: str, *, came_from: str = "", recommended: str = ""
) -> Move:
    """The next station that is enabled, behind the one named, or the first; the end behind the last."""
    names = [station.name for station in position.stations]
    rest = position.stations[names.index(after) + 1 :] if after in names else position.stations
    skipped: list[Turn] = []
    for station in rest:
        if station.enabled:
            return _begin(
                position, station.name, reason, came_from=came_from, recommended=recommended, skipped=tuple(skipped)
            )
        if position.turn(station.name) is None:
            skipped.append(Turn(station.name, station.name, state="skipped", why="it is disabled"))
    return End("done", reason, tuple(skipped))


def _begin(
    position: Position,
    name: str,
    reason: str,
    *,
    came_from: str,
    recommended: str = "",
    skipped: tuple[Turn, ...] = (),
) -> Move:
    """A new turn at a station, or the question that it needs because what it reads is not there."""
    station = position.station(name)
    assert station is not None
    missing = missing_inputs(position, station)
    if missing:
        made = [(lost, maker_of(position, lost)) for lost in missing]
        how = "; ".join(f"{maker} makes it" if maker else f"no station makes {lost}" for lost, maker in made)
        return Ask(name, f"cannot proceed: {', '.join(missing)} missing; {how}")
    turn = Turn(turn_path(position, name), name, _rounds(position, name) + 1, why=reason)
    return Start((turn,), reason, came_from, recommended, skipped)


def _again(position: Position, last: Turn, reason: str) -> Move:
    return _begin(position, last.station, f"{last.station} again, {reason}", came_from=last.path)


def _ask(last: Turn) -> Ask:
    said = clip(plain(last.why or last.summary or "nobody knows why"), _WORDS)
    what = "is blocked" if last.state == "blocked" else "came to nothing"
    return Ask(last.station, f"{last.path} {what}: {said}", last.path)


def _failures(position: Position, last: Turn) -> int:
    """Turns of the same round that failed, one after the other."""
    count = 0
    for turn in reversed(position.turns_at(last.station)):
        if turn.state == "failed" and turn.round == last.round:
            count += 1
        elif turn.state != "interrupted":
            break
    return count


def _rounds(position: Position, station: str) -> int:
    return sum(turn.state == "done" for turn in position.turns_at(station))


def _of(position: Position, turn: Turn) -> Station:
    found = position.station(turn.station)
    return found if found is not None else Station(turn.station, turn.station)
