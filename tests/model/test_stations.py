"""What comes next of a pipeline of stations: by its order, by critics, by recommendations, after failures."""

from hypothesis import given
from hypothesis import strategies as st

from coordinator.lazy.dataclass import replace
from coordinator.model.next_move import next_move
from coordinator.model.pipeline import (
    ABORT,
    RETRY,
    SKIP,
    Artifact,
    Ask,
    Asked,
    End,
    Move,
    Position,
    Published,
    Start,
    Station,
    Turn,
)
from coordinator.model.stations import most_turns

AUTHOR, CRITIC = Station("author", "author"), Station("critic", "critic", loop="author", rounds=3)


def position(*turns: Turn, stations: tuple[Station, ...] = (AUTHOR, CRITIC)) -> Position:
    return Position("p", stations=stations, turns=turns)


def done(path: str, **more: object) -> Turn:
    return Turn(path, path.partition(".")[0], state="done", **more)  # type: ignore[arg-type]


def started(move: Move | None) -> list[str]:
    assert isinstance(move, Start), move
    return [turn.path for turn in move.turns]


def test_it_goes_in_order_and_ends_behind_the_last() -> None:
    assert started(next_move(position())) == ["author"]
    assert started(next_move(position(done("author")))) == ["critic"]
    move = next_move(position(done("author"), done("critic", pending=0)))
    assert isinstance(move, End)
    assert move.outcome == "done"


def test_nothing_comes_while_a_turn_is_due_or_a_question_open_or_it_has_ended() -> None:
    assert next_move(position(Turn("author", "author"))) is None
    there = replace(position(), asked=Asked("q", "", "author", "?"))
    assert next_move(there) is None
    assert next_move(replace(position(), ended="done")) is None


def test_a_critic_sends_back_until_its_list_is_empty_or_rounds_are_used_up() -> None:
    move = next_move(position(done("author"), done("critic", pending=2)))
    assert started(move) == ["author.2"]
    assert isinstance(move, Start)
    assert move.turns[0].round == 2
    assert "2 open items: round 2 of 3" in move.reason
    rounds = (
        done("author"),
        done("critic", pending=2),
        done("author.2"),
        done("critic.2", pending=1),
        done("author.3"),
    )
    move = next_move(position(*rounds, done("critic.3", pending=1)))
    assert isinstance(move, End)
    assert "1 open item stay open after 3 rounds" in move.reason
    assert isinstance(
        next_move(position(*rounds[:2], *rounds[2:4], done("author.3"), done("critic.3", pending=0))), End
    )


def test_a_critic_may_say_that_no_further_round_helps() -> None:
    move = next_move(position(done("author"), done("critic", pending=2, helps=False)))
    assert isinstance(move, End)
    assert "no further round helps" in move.reason


def test_disabled_stations_are_passed_and_said_to_be() -> None:
    stations = (AUTHOR, replace(CRITIC, enabled=False), Station("seal", "seal"))
    move = next_move(position(done("author"), stations=stations))
    assert started(move) == ["seal"]
    assert isinstance(move, Start)
    assert [(turn.path, turn.state) for turn in move.skipped] == [("critic", "skipped")]


def test_a_recommendation_is_taken_where_the_pipeline_allows_it() -> None:
    move = next_move(position(done("author", next="author")))
    assert started(move) == ["author.2"]
    move = next_move(position(done("author", next="painter")))
    assert started(move) == ["critic"]
    assert isinstance(move, Start)
    assert "painter" in move.reason


def test_recommendations_are_bounded() -> None:
    turns = [done("author", next="author")]
    while isinstance(move := next_move(position(*turns)), Start) and move.turns[0].station == "author":
        turns.append(done(move.turns[0].path, next="author"))
    assert len(turns) == most_turns(position(), AUTHOR)
    assert isinstance(move, Start)
    assert "had all of its turns" in move.reason


def test_what_failed_is_tried_again_and_then_asked_about() -> None:
    failed = Turn("author", "author", state="failed", why="no tests")
    assert started(next_move(position(failed))) == ["author.2"]
    again = Turn("author.2", "author", state="failed", why="no tests")
    move = next_move(position(failed, again))
    assert isinstance(move, Ask)
    assert move.turn == "author.2"
    assert "no tests" in move.text


def test_interruptions_are_no_failures_and_what_is_blocked_is_asked_about_at_once() -> None:
    cut = [Turn(f"author.{n}" if n > 1 else "author", "author", state="interrupted") for n in range(1, 6)]
    assert started(next_move(position(*cut))) == ["author.6"]
    move = next_move(position(Turn("author", "author", state="blocked", why="needs a key")))
    assert isinstance(move, Ask)
    assert "needs a key" in move.text


def test_what_a_human_answers_is_done() -> None:
    failed = Turn("author", "author", state="failed")
    asked = Asked("q", "author", "author", "came to nothing")
    there = replace(position(failed), asked=replace(asked, answer=RETRY))
    assert started(next_move(there)) == ["author.2"]
    assert started(next_move(replace(there, asked=replace(asked, answer=SKIP)))) == ["critic"]
    move = next_move(replace(there, asked=replace(asked, answer=ABORT)))
    assert isinstance(move, End)
    assert move.outcome == "failed"


def test_what_lacks_an_input_does_not_begin_and_its_maker_is_named() -> None:
    author = replace(AUTHOR, outputs=(Artifact("plan.md"),))
    critic = replace(CRITIC, reads=(Artifact("plan.md"), Artifact("notes.md", optional=True)))
    move = next_move(position(done("author"), stations=(author, critic)))
    assert move == Ask("critic", "cannot proceed: plan.md missing; author makes it")
    there = position(done("author"), stations=(author, critic))
    there = replace(there, published=(Published("plan.md", "author", "", 1, ""),))
    assert started(next_move(there)) == ["critic"]


@st.composite
def words(draw: st.DrawFn) -> Turn:
    state = draw(st.sampled_from(("done", "done", "done", "failed", "interrupted", "blocked")))
    return Turn(
        "",
        "",
        state=state,
        next=draw(st.sampled_from(("", "", "author", "critic", "seal", "nobody"))),
        pending=draw(st.sampled_from((None, 0, 3))),
        helps=draw(st.booleans()),
    )


@given(st.lists(words(), min_size=120, max_size=120), st.lists(st.booleans(), min_size=3, max_size=3))
def test_it_comes_to_an_end_or_to_a_human_whatever_agents_say(said: list[Turn], enabled: list[bool]) -> None:
    stations = (
        replace(AUTHOR, enabled=enabled[0]),
        replace(CRITIC, enabled=enabled[1]),
        Station("seal", "seal", enabled=enabled[2]),
    )
    there, cut = position(stations=stations), 0
    for word in said:
        move = next_move(there)
        if not isinstance(move, Start):
            break
        (turn,) = move.turns
        assert there.turn(turn.path) is None
        assert stations[("author", "critic", "seal").index(turn.station)].enabled
        for passed in move.skipped:
            there = there.with_turn(passed)
        cut += word.state == "interrupted"
        there = there.with_turn(replace(word, path=turn.path, station=turn.station, round=turn.round))
    else:
        made = len([turn for turn in there.turns if turn.state != "skipped"])
        assert cut > 60, f"{made} turns, and no end"
