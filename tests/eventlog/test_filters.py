"""Finding events: the same ones a loop over the whole log would find."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.writers import ADA, EXECUTOR, PLANNER, decision

from coordinator.eventlog import store
from coordinator.eventlog.filters import EVERYTHING, Filter, matching_kinds
from coordinator.eventlog.store import INDEX_STEP, EventLog
from coordinator.model.event import SYSTEM, Draft, Event

TEXTS = (
    "use WAL and one writer",
    'say "hello" to C:\\temp\\',
    "größer als 日本語テキスト",
    "100% _sure_ AND NOT or*",
    "line one\nline two",
    "",
    "🙂🙂🙂 wide",
)


@pytest.fixture(scope="module", params=[0, 40, None], ids=["unindexed", "half indexed", "indexed"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EventLog]:
    """A log of 78 events by four actors, of which the text index covers none, some or all."""
    with EventLog.open(tmp_path_factory.mktemp("log") / "events.db", create=True) as log:
        for i, text in enumerate(TEXTS * 3):
            log.append([decision(text, f"prompt:{i % 5}")], (ADA, EXECUTOR, PLANNER)[i % 3])
            log.append([Draft("step.running", f"prompt:{i % 5}", {"attempt": i})], SYSTEM)
            if i % 4 == 0:
                log.append([Draft("question.asked", "milestone", {"text": f"which {text}?"})], EXECUTOR)
                log.append([Draft("run.started", "milestone"), Draft("run.stopped", "milestone")], SYSTEM)
            if i % 4 == 1:
                log.append([Draft("plan.applied", "milestone", {"summary": text})], ADA)
        assert log.head() < INDEX_STEP * 2
        most = log.head() if request.param is None else request.param
        log._pool.transact(
            lambda connection: connection.execute("INSERT INTO events_fts(events_fts) VALUES('delete-all')")
        )
        while 0 < most > log._indexed():
            assert log.index(most - log._indexed())
        assert log._indexed() == most
        yield log


def naive(events: Sequence[Event], where: Filter) -> list[Event]:
    return [event for event in events if matches(event, where)]


def matches(event: Event, where: Filter) -> bool:
    data = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))
    head = f"{event.kind} {event.subject} {event.actor}"
    return (
        (not where.kinds or any((event.kind + ".").startswith(kind.rstrip(".") + ".") for kind in where.kinds))
        and where.actor in ("", event.actor)
        and where.subject in ("", event.subject)
        and all(
            lowered(word) in lowered(head) or lowered(json.dumps(word, ensure_ascii=False)[1:-1]) in lowered(data)
            for word in where.text.split()
        )
        and (where.as_of is None or event.seq <= where.as_of)
    )


def lowered(text: str) -> str:
    """As SQLite's LIKE sees it: ASCII letters alone have a case."""
    return "".join(char.lower() if char.isascii() else char for char in text)


SNIPPETS = st.sampled_from([text[a : a + n] for text in TEXTS for a in range(0, len(text), 3) for n in (1, 2, 4, 9)])
FILTERS = st.builds(
    Filter,
    kinds=st.lists(
        st.sampled_from(
            ["step", "step.", "decision.recorded", "question", "run", "run.started", "ste", "plan", "none"]
        ),
        max_size=3,
    ).map(tuple),
    actor=st.sampled_from(["", "", "ada", "executor-07-1", "loop", "nobody"]),
    subject=st.sampled_from(["", "", "prompt:3", "prompt:1", "milestone", "prompt"]),
    text=st.just("") | SNIPPETS | st.lists(SNIPPETS, max_size=2).map(" ".join) | st.text(max_size=6),
    as_of=st.none() | st.integers(0, 90),
)


@given(where=FILTERS, limit=st.integers(1, 100), at=st.integers(0, 90))
@example(where=Filter(text='"hello"'), limit=10, at=0)
@example(where=Filter(text="STEP\udcff"), limit=10, at=0)
@example(where=Filter(text="\0"), limit=10, at=0)
@example(where=Filter(text="wri\0ter"), limit=10, at=0)
@example(where=Filter(kinds=("question",), text="WRITER", as_of=60), limit=3, at=10)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_search_finds_what_a_loop_over_the_log_finds(
    filled: EventLog, where: Filter, limit: int, at: int
) -> None:
    everything = filled.since(0, 1000)
    found = naive(everything, where)
    assert list(filled.tail(limit, where)) == found[-limit:]
    assert list(filled.since(at, limit, where)) == [event for event in found if event.seq > at][:limit]
    assert list(filled.before(at, limit, where)) == [event for event in found if event.seq < at][-limit:]


@pytest.mark.parametrize("number", [-(10**30), -1, 0, 10**30])
def test_numbers_that_no_log_reaches_are_no_error(log: EventLog, number: int) -> None:
    log.append([decision(i) for i in range(3)], ADA)
    big = number > 0
    assert len(log.since(number)) == (0 if big else 3)
    assert len(log.before(number)) == (3 if big else 0)
    assert len(log.tail(number)) == (3 if big else 0)
    assert len(log.tail(5, Filter(as_of=number))) == (3 if big else 0)
    assert log.get(number) is None


def test_what_is_no_text_is_found_as_it_was_written(log: EventLog) -> None:
    name = "file:caf\udce9"
    log.append([decision("x", name)], ADA)
    assert len(log.tail(5, Filter(subject=name))) == 1
    assert len(log.tail(5, Filter(actor=name, kinds=("\udce9",)))) == 0
    assert log.get("\udce9") is None


def test_nothing_is_left_out_of_an_empty_filter(filled: EventLog) -> None:
    assert [event.seq for event in filled.since(0, 1000, EVERYTHING)] == list(range(1, filled.head() + 1))


def test_words_are_found_apart_and_as_parts_of_words(filled: EventLog) -> None:
    assert filled.tail(100, Filter(text="writ wal")) == filled.tail(100, Filter(text="use WAL and one writer"))
    assert len(filled.tail(100, Filter(text="writ wal", kinds=("decision",)))) == 3


def test_japanese_is_found_inside_a_run_of_characters(filled: EventLog) -> None:
    assert len(filled.tail(100, Filter(text="本語テキ", kinds=("decision",)))) == 3


def test_a_family_is_not_a_beginning() -> None:
    present = ("step.failed", "steps.failed", "step", "run.started")
    assert matching_kinds(("step",), present) == ("step.failed", "step")
    assert matching_kinds(("step.",), present) == ("step.failed", "step")
    assert matching_kinds(("st", "run.started"), present) == ("run.started",)


def test_a_log_without_a_text_index_is_searched_all_the_same(log: EventLog) -> None:
    log.append([decision("needle"), decision("hay")], ADA)
    log._pool.transact(lambda connection: connection.execute("DROP TABLE events_fts"))
    assert [event.seq for event in log.tail(10, Filter(text="needle"))] == [1]
    log.append([decision("hay") for _ in range(INDEX_STEP)], ADA)
    assert [event.seq for event in log.tail(10, Filter(text="needle"))] == [1]


def test_the_index_follows_the_log_by_itself(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "QUIET", 0.0)
    for i in range(INDEX_STEP * 2 + 1):
        log.append([decision(f"number {i}")], ADA)
    assert log._indexed() == INDEX_STEP * 2


def test_the_index_waits_while_much_is_written(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "QUIET", 60.0)
    for i in range(INDEX_STEP * 2):
        log.append([decision(f"number {i}")], ADA)
    assert log._indexed() == 0
    monkeypatch.setattr(store, "QUIET", 0.0)
    log.append([decision("then it is quiet")], ADA)
    assert log._indexed() == INDEX_STEP * 2 + 1


def test_each_event_is_indexed_once_however_many_writers_see_to_it(path: Path) -> None:
    with EventLog.open(path, create=True) as one, EventLog.open(path) as other:
        for i in range(INDEX_STEP * 3):
            (one if i % 2 else other).append([decision(f"number {i}")], ADA)
            other.index(7)
        (count,) = one._pool.rows("SELECT count(*) FROM events_fts WHERE events_fts MATCH 'number'")[0]
        assert count == one._indexed() == INDEX_STEP * 3
