"""What comes next of a staged prompt: phase after phase, tasks in waves, reviews that send work back. Pure."""

from collections.abc import Iterator, Sequence

from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.pipeline import ABORT, OPTIONS, SKIP, Ask, End, Move, Position, Start, Turn, turn_path
from coordinator.model.staged_phases import (
    CLASSIFY,
    FINAL_REVIEW,
    FIX,
    REVIEW,
    REVIEW_PLAN,
    REVIEW_TESTS,
    TASKS,
    WRITE_PLAN,
    WRITE_TESTS,
    Phase,
    place_of,
)
from coordinator.model.staged_plan import Task, waves
from coordinator.model.staged_report import wanting
from coordinator.model.staged_turns import Staged
from coordinator.model.text import amount, clip, plain

_WORDS = 200
"""Characters of what an agent said that a reason quotes."""
_SENDS_BACK = {
    REVIEW_PLAN: WRITE_PLAN.path,
    REVIEW: f"{REVIEW.path}/{FIX}",
    WRITE_TESTS: f"{WRITE_TESTS.path}/{FIX}",
    REVIEW_TESTS: WRITE_TESTS.path,
    FINAL_REVIEW: f"{FINAL_REVIEW.path}/{FIX}",
}
"""Who finds what is wrong → the station that mends it."""


class _Over(NamedTuple):
    """A phase is over; what comes next is the next one's to say."""


def next_move(position: Position) -> Move | None:
    """What comes after the turns that are over. See `next_move.next_move`."""
    found = _answered(position) if position.asked is not None else _walk(position)
    return _told(position, found) if isinstance(found, Start | End) else found


def _told(position: Position, move: Start | End) -> Move:
    """The move, with where the stages stand after it."""
    after = position
    for turn in (*move.skipped, *(move.turns if isinstance(move, Start) else ())):
        after = after.with_turn(turn)
    over = isinstance(move, End) and move.outcome == "done"
    return replace(move, more={**position.more, **Staged(after).state(over=over)})


def _answered(position: Position) -> Move | None:
    asked = position.asked
    assert asked is not None
    if asked.answer == ABORT:
        return End("failed", f"a human gave it up at {asked.station}: {asked.text}")
    if asked.answer == SKIP:
        turn = Turn(turn_path(position, asked.station), asked.station, state="skipped", why="a human skipped it")
        then = _walk(replace(position, asked=None).with_turn(turn))
        reason = f"a human skipped {asked.station}"
        if isinstance(then, Start):
            return replace(then, reason=reason, came_from=asked.turn, skipped=(turn, *then.skipped))
        if isinstance(then, End):
            return replace(then, skipped=(turn, *then.skipped))
        return Start((), reason, asked.turn, skipped=(turn,))
    place = place_of(asked.station)
    last = position.turn(asked.turn)
    back = _SENDS_BACK.get(place.phase) if place is not None and not place.task else None
    if back and last is not None and last.state == "done":
        return _begin(position, back, "one more round, as a human said", last.path)
    if place is not None and place.phase is TASKS and not place.task:
        return _walk(replace(position, asked=None))
    return _begin(position, asked.station, f"{asked.station} again, as a human said", asked.turn)


def _walk(position: Position) -> Move | None:
    staged = Staged(position)
    before = ""
    for phase in staged.config.phases:
        if phase is CLASSIFY:
            continue  # what it tells follows from plan and settings alone
        if phase is TASKS:
            found = _tasks(staged, before)
        elif phase in _SENDS_BACK:
            found = _review(staged, phase, _SENDS_BACK[phase], before)
        else:
            found = _station(staged, phase.path, before)
        if not isinstance(found, _Over):
            return found
        before = next((turn.path for turn in reversed(position.turns) if _phase_of(turn) is phase), before)
    return End("done", "every stage is through", tuple(_left_out(staged)))


def _left_out(staged: Staged) -> Iterator[Turn]:
    """Stages that did not run, each once."""
    for stage in staged.left_out:
        if staged.position.turn(stage) is None:
            why = "its prompt leaves it out" if stage in staged.config.skipped else "it is disabled"
            yield Turn(stage, stage, state="skipped", why=why)


def _station(staged: Staged, station: str, before: str) -> Move | _Over | None:
    """One station, whatever has become of its turns; over when the last one was accepted or left out."""
    position = staged.position
    turns = position.turns_at(station)
    if not turns:
        reason = f"after {before}" if before else "the pipeline begins"
        return _begin(position, station, reason, before)
    last = turns[-1]
    match last.state:
        case "due":
            return None
        case "interrupted":
            return _begin(position, station, f"{station} again, {last.why or 'it was interrupted'}", last.path)
        case "failed" if _failures(turns) <= staged.spec(last.path).who.retries:
            said = clip(plain(last.why), _WORDS)
            return _begin(position, station, f"{station} again, it failed: {said}", last.path)
        case "failed" | "blocked":
            return _ask(last)
        case _:
            return _Over()


def _review(staged: Staged, phase: Phase, back: str, before: str) -> Move | _Over | None:
    """A review, and what mends what it finds, for as many rounds as it may have."""
    position = staged.position
    own = _station(staged, phase.path, before)
    if not isinstance(own, _Over):
        return own
    last = position.turns_at(phase.path)[-1]
    if last.state != "done":
        return own
    wants = wanting(last.report, staged.config, phase)
    if not wants:
        return own
    since = position.turns[position.turns.index(last) + 1 :]
    if any(turn.station == back for turn in since):
        mended = _station(staged, back, last.path)
        if not isinstance(mended, _Over):
            return mended
        return _begin(position, phase.path, f"what {last.path} found was dealt with", since[-1].path)
    rounds = sum(turn.state == "done" for turn in position.turns_at(phase.path))
    if rounds > staged.config.rounds(phase):
        made = amount(rounds, "round")
        return Ask(phase.path, f"{last.path} still finds after {made}: {wants}", last.path)
    return _begin(position, back, f"{last.path} found: {wants}", last.path)


def _tasks(staged: Staged, before: str) -> Move | _Over | None:
    """The tasks of the plan, a wave after the other, as many at once as may be."""
    position = staged.position
    if not staged.tasks:
        if position.turns_at(TASKS.path):  # a human goes on without
            return _Over()
        text = "cannot proceed: the plan is missing; the stage PLAN makes it"
        return Ask(TASKS.path, text, options=OPTIONS[1:], default=ABORT)
    for number, wave in enumerate(waves(staged.tasks), 1):
        found = _wave(staged, wave, number, before)
        if not isinstance(found, _Over):
            return found
        before = f"{TASKS.path}/{wave[-1].id}"
    return _Over()


def _wave(staged: Staged, wave: Sequence[Task], number: int, before: str) -> Move | _Over | None:
    moves = [(_station(staged, f"{TASKS.path}/{task.id}", ""), task) for task in wave]
    running = sum(move is None for move, _ in moves)
    wanted = [move for move, _ in moves if isinstance(move, Start)]
    free = wanted[: max(0, staged.config.at_once - running)]
    if free:
        reason = f"wave {number} of the tasks"
        turns = tuple(turn if move.came_from else replace(turn, why=reason) for move in free for turn in move.turns)
        return Start(turns, reason, next((move.came_from for move in free if move.came_from), before))
    if running:
        return None
    return next((move for move, _ in moves if isinstance(move, Ask)), _Over())


def _phase_of(turn: Turn) -> Phase | None:
    place = place_of(turn.path)
    return place.phase if place is not None else None


def _begin(position: Position, station: str, reason: str, came_from: str) -> Start:
    made = sum(turn.state in ("done", "skipped") for turn in position.turns_at(station))
    return Start((Turn(turn_path(position, station), station, made + 1, why=reason),), reason, came_from)


def _ask(last: Turn) -> Ask:
    said = clip(plain(last.why or last.summary or "nobody knows why"), _WORDS)
    what = "is blocked" if last.state == "blocked" else "came to nothing"
    return Ask(last.station, f"{last.path} {what}: {said}", last.path)


def _failures(turns: Sequence[Turn]) -> int:
    """Turns that failed one after the other, up to the last one."""
    count = 0
    for turn in reversed(turns):
        if turn.state == "failed":
            count += 1
        elif turn.state != "interrupted":
            break
    return count
