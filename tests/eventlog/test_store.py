"""Appending and reading, on a real database."""

import json
import os
import re
import sqlite3
import stat
import sys
import threading
import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.wait import wait_until
from support.writers import ADA, EXECUTOR, PLANNER, decision, run_python

from coordinator.errors import CoordError, Refused, UsageError
from coordinator.eventlog import connection
from coordinator.eventlog.chain import GENESIS
from coordinator.eventlog.store import MAX_DATA, EventLog
from coordinator.eventlog.verify import verify
from coordinator.model.event import SYSTEM, Actor, ActorKind, Draft
from coordinator.model.ids import is_uuid7, uuid7
from coordinator.model.text import plain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def test_an_event_comes_back_as_it_was_written(log: EventLog) -> None:
    first, second = log.append([decision("one"), decision("two")], EXECUTOR, run="run-3", iteration=2)
    assert (first.seq, second.seq) == (1, 2)
    assert first.prev_hash == GENESIS
    assert second.prev_hash == first.hash
    assert is_uuid7(first.id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.ts)
    assert (first.actor_kind, first.actor, first.run, first.iteration) == ("agent", "executor-07-1", "run-3", 2)
    assert (first.kind, first.subject, first.data) == ("decision.recorded", "prompt:7", {"text": "one"})
    assert log.since(0) == (first, second)
    assert log.get(2) == log.get(second.id) == second
    assert log.get(3) is None


@given(data=st.dictionaries(st.text(), JSON, max_size=4), subject=st.text(max_size=30))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_comes_back_as_it_was_written(log: EventLog, data: dict[str, object], subject: str) -> None:
    (event,) = log.append([Draft("decision.recorded", subject, data)], ADA)
    assert event.data == data
    assert log.get(event.seq) == event
    assert event.subject == plain(event.subject) == plain(subject)


def test_bytes_of_a_file_name_that_are_no_text_can_be_logged(log: EventLog, path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    (event,) = log.append([Draft("artifact.produced", f"file:{name}", {"path": name})], ADA)
    assert event.data == {"path": name}
    assert log.get(event.seq) == event
    assert verify(path).ok


def test_an_id_is_written_once(log: EventLog) -> None:
    draft = decision("once", id=uuid7())
    assert log.append([draft], ADA) == log.append([draft], ADA)
    twice = log.append([draft, decision("new"), draft], ADA)
    assert [event.seq for event in twice] == [1, 2, 1]
    assert log.head() == 2


def test_an_id_is_written_once_by_another_process_too(log: EventLog, path: Path) -> None:
    draft = decision("once", id=uuid7())
    (event,) = log.append([draft], ADA)
    with EventLog.open(path) as other:
        assert other.append([draft], ADA) == (event,)


@pytest.mark.parametrize("actor", [PLANNER, Actor(ActorKind.HUMAN, EXECUTOR.name)])
def test_an_id_of_one_actor_is_refused_to_another(log: EventLog, actor: Actor) -> None:
    draft = decision("mine", id=uuid7())
    log.append([draft], EXECUTOR)
    with pytest.raises(Refused, match=draft.id):
        log.append([draft], actor)
    assert log.head() == 1


def test_an_agent_cannot_answer_a_question_and_its_attempt_is_logged(log: EventLog) -> None:
    with pytest.raises(Refused, match=r"executor-07-1 \(executor\) may not write question.answered") as refusal:
        log.append([decision(), Draft("question.answered", "prompt:7", {"answer": "yes"})], EXECUTOR, run="run-1")
    assert refusal.value.exit_code == 3
    assert "coord ask" in refusal.value.remedy
    (denied,) = log.since(0)
    assert (denied.kind, denied.actor_kind, denied.subject, denied.run) == (
        "access.denied",
        "system",
        "prompt:7",
        "run-1",
    )
    assert denied.data["actor"] == "executor-07-1"
    assert denied.data["role"] == "executor"
    assert denied.data["kind"] == "question.answered"


def test_a_kind_that_does_not_exist_is_a_mistake_and_not_an_attack(log: EventLog) -> None:
    with pytest.raises(UsageError, match="no kind of event called"):
        log.append([Draft("nonsense.made", "milestone")], ADA)
    assert log.head() == 0


@pytest.mark.parametrize(
    "data",
    [{"x": float("nan")}, {"x": object()}, {"x": "y" * MAX_DATA}, {"x": {1, 2}}],
    ids=["nan", "object", "too long", "set"],
)
def test_data_that_cannot_be_kept_is_refused_before_anything_is_written(log: EventLog, data: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        log.append([decision("fine"), Draft("decision.recorded", "milestone", data)], ADA)
    assert log.head() == 0


def test_data_nested_too_deep_is_refused(log: EventLog) -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(UsageError):
        log.append([Draft("decision.recorded", "milestone", {"deep": deep})], ADA)


def test_appending_nothing_writes_nothing(log: EventLog) -> None:
    assert log.append([], ADA) == ()
    assert log.head() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET actor = 'bob' WHERE seq = 1",
        "DELETE FROM events WHERE seq = 2",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 1",
        "INSERT OR REPLACE INTO events SELECT 4, id, ts, run, iteration, actor_kind, actor, kind, subject, data,"
        " prev_hash, hash FROM events WHERE seq = 1",
        "INSERT INTO events SELECT 9, 'x', ts, run, iteration, actor_kind, actor, kind, subject, data,"
        " prev_hash, hash FROM events WHERE seq = 1",
        "INSERT INTO events SELECT NULL, 'x', ts, run, iteration, actor_kind, actor, kind, subject, data,"
        " prev_hash, hash FROM events WHERE seq = 1",
    ],
    ids=["update", "delete", "delete all", "replace by seq", "replace by id", "gap", "no seq"],
)
@pytest.mark.parametrize("recursive", ["ON", "OFF"])
def test_other_tools_cannot_rewrite_the_log(log: EventLog, path: Path, statement: str, recursive: str) -> None:
    written = log.append([decision(i) for i in range(3)], ADA)
    other = sqlite3.connect(path)
    other.execute(f"PRAGMA recursive_triggers = {recursive}")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute(statement)
    other.close()
    assert log.since(0) == written


def test_the_log_reads_as_it_is_in_other_tools(log: EventLog, path: Path) -> None:
    import sqlite_utils

    log.append([decision("größer als 日本")], ADA)
    log.index(1)
    table = sqlite_utils.Database(str(path))["events"]
    row = next(table.rows)
    assert json.loads(row["data"]) == {"text": "größer als 日本"}
    assert "größer" in row["data"]
    assert [found["seq"] for found in table.search("größer")] == [1]


def test_database_wal_and_shm_are_private_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    before = os.umask(0)
    try:
        with EventLog.open(path, create=True) as log:
            log.append([decision()], ADA)
            files = sorted(tmp_path.iterdir())
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in files}
    finally:
        os.umask(before)
    assert modes == {"events.db": 0o600, "events.db-wal": 0o600, "events.db-shm": 0o600}


def test_every_connection_writes_through_to_the_disk(log: EventLog) -> None:
    (settings_,) = log._pool.rows("SELECT * FROM pragma_journal_mode, pragma_synchronous, pragma_recursive_triggers")
    assert settings_ == ("wal", 2, 1)


def test_a_missing_log_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(CoordError) as error:
        EventLog.open(tmp_path / "events.db")
    assert "coord init" in error.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_missing_log_may_be_read_as_empty_until_it_is_there(path: Path) -> None:
    with EventLog.open(path, missing_ok=True) as early:
        assert (early.head(), early.tail(10), early.get(1), early.birth()) == (0, (), None, "")
        with pytest.raises(CoordError, match="no event log"):
            early.append([decision()], ADA)
        path.touch(0o600)  # as a process leaves it that is killed while it makes the log
        assert early.head() == 0
        with EventLog.open(path, create=True) as log:
            (event,) = log.append([decision()], ADA)
        assert early.tail(10) == (event,)


def test_a_log_may_be_read_at_any_moment_of_its_making(tmp_path: Path) -> None:
    import coordinator.eventlog.schema  # noqa: F401  the import would leave hardly any overlap

    for round_ in range(40):
        path = tmp_path / f"{round_}.db"
        maker = threading.Thread(target=lambda path=path: EventLog.open(path, create=True).close())
        maker.start()
        while maker.is_alive():
            with EventLog(path, missing_ok=True) as early:
                assert early.head() == 0
        maker.join()


def test_a_file_that_is_no_database_is_an_error_with_a_remedy(path: Path) -> None:
    path.write_bytes(b"this is not a database, whatever its name says" * 100)
    for create in (False, True):
        with pytest.raises(CoordError, match="damaged") as error:
            EventLog.open(path, create)
        assert "recover" in error.value.remedy


def test_a_damaged_page_is_an_error_with_a_remedy(path: Path) -> None:
    with EventLog.open(path, create=True) as log:
        log.append([decision("x" * 3000) for _ in range(50)], ADA)
    content = bytearray(path.read_bytes())
    page = sqlite3.connect(path).execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()[0]
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with EventLog(path) as log, pytest.raises(CoordError, match="damaged") as error:
        log.since(0)
    assert error.value.remedy


def test_a_database_of_something_else_is_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE notes (text)")
    other.commit()
    other.close()
    for create in (False, True):
        with pytest.raises(CoordError, match="something else"):
            EventLog.open(path, create)
    assert [name for (name,) in sqlite3.connect(path).execute("SELECT name FROM sqlite_master")] == ["notes"]


def test_a_log_of_a_newer_version_asks_for_an_upgrade(log: EventLog, path: Path) -> None:
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {connection.SCHEMA_VERSION + 1}")
    newer.close()
    with pytest.raises(CoordError, match="newer coord") as error:
        EventLog.open(path)
    assert error.value.remedy == "upgrade coord"


def test_a_log_that_was_replaced_is_written_where_it_is_now(log: EventLog, path: Path, tmp_path: Path) -> None:
    log.append([decision("old")], ADA)
    for file in tmp_path.iterdir():
        file.unlink()
    (event,) = log.append([decision("new")], ADA)
    assert event.seq == 1
    with EventLog.open(path) as other:
        assert other.since(0) == (event,)


def test_a_writer_who_never_lets_go_is_reported(log: EventLog, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(CoordError, match="locked by another process"):
        log.append([decision()], ADA)
    assert log.head() == 0
    holder.execute("ROLLBACK")
    holder.close()
    log.append([decision()], ADA)


def test_threads_may_share_a_log(log: EventLog, path: Path) -> None:
    def work(name: str) -> None:
        for i in range(25):
            log.append([decision(f"{name} {i}")], ADA)

    threads = [threading.Thread(target=work, args=(f"thread {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.head() == 100
    assert verify(path).ok


def test_a_forked_child_is_refused_rather_than_losing_events(path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from coordinator.errors import CoordError
from coordinator.eventlog.store import EventLog
from coordinator.model.event import SYSTEM, Draft
log = EventLog.open(Path(sys.argv[1]), create=True)
child = os.fork()
if child == 0:
    for use in (log.head, lambda: EventLog.open(log.path)):
        try:
            use()
        except CoordError as error:
            assert "forked" in error.message, error
        else:
            os._exit(1)
    log.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
log.append([Draft("run.started", "milestone")], SYSTEM)
log.close()
if os.fork() == 0:
    with EventLog.open(log.path) as mine:
        mine.append([Draft("run.started", "milestone")], SYSTEM)
    os._exit(0)
assert os.wait()[1] == 0
"""
    run_python(code, path)
    assert verify(path).checked == 2


def test_a_closed_log_says_so(path: Path) -> None:
    log = EventLog.open(path, create=True)
    log.close()
    with pytest.raises(CoordError, match="closed"):
        log.head()


@pytest.mark.parametrize("name", ["with space", "per%cent?and#hash", "日本語", os.fsdecode(b"\xff\xfe")])
def test_a_log_may_be_anywhere(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with EventLog.open(tmp_path / name / "events.db", create=True) as log:
        log.append([decision()], ADA)
    assert (tmp_path / name / "events.db").exists()


def test_a_row_forced_in_does_not_hide_the_others(log: EventLog, path: Path) -> None:
    (good,) = log.append([decision()], ADA)
    forced = sqlite3.connect(path, isolation_level=None)
    forced.execute("PRAGMA ignore_check_constraints = ON")
    forced.execute(
        "INSERT INTO events SELECT 2, 'x', ts, run, iteration, actor_kind, actor, kind, subject, '[1', prev_hash, hash"
        " FROM events"
    )
    forced.close()
    assert log.since(0)[0] == good
    assert log.since(0)[1].data == {"unreadable": "[1"}
    assert verify(path).bad_seq == 2


def test_the_system_writes_as_the_system(log: EventLog) -> None:
    (event,) = log.append([Draft("step.running", "prompt:7", {"attempt": 1})], SYSTEM)
    assert (event.actor_kind, event.actor) == ("system", "loop")


def test_opening_and_reading_a_log_imports_nothing_slow(log: EventLog, path: Path) -> None:
    log.append([decision("x")], ADA)
    code = """
import sys
from pathlib import Path
from coordinator.eventlog.store import EventLog
from coordinator.eventlog.questions import questions
from coordinator.eventlog.filters import Filter
log = EventLog.open(Path(sys.argv[1]))
assert len(log.tail(10)) == 1 and questions(log) == () and len(log.tail(1, Filter(text="x"))) == 1
slow = {"sqlite_utils", "uuid", "logging", "asyncio", "tempfile", "random", "subprocess", "ctypes", "click", "yaml",
        "watchfiles", "libtmux", "textual"}
print(sorted(slow & set(sys.modules)))
"""
    assert run_python(code, path).strip() == "[]"


def is_in(thread: threading.Thread, name: str) -> bool:
    """Whether a thread is in a function of this name."""
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and any(one.name == name for one in traceback.extract_stack(frame))


COUNT = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 500000) SELECT max(x) FROM c"


def test_closing_waits_for_what_another_thread_is_reading(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    EventLog.open(path, create=True).close()
    pool, began, found = connection.Pool(path, create=False, missing_ok=False), threading.Event(), list[object]()

    def read() -> None:
        pool.rows("SELECT 1")
        began.set()
        found.extend(pool.rows(COUNT))

    thread = threading.Thread(target=read)
    thread.start()
    assert began.wait(60)
    wait_until(lambda: is_in(thread, "patiently"), message="the read")
    pool.close()
    assert not is_in(thread, "patiently")
    thread.join(60)
    assert found == [(500000,)]
    with pytest.raises(CoordError, match="closed"):
        pool.rows("SELECT 1")
