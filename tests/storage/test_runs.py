"""What the loop writes of its runs comes back as it was; what can't be read is a problem, never a crash."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.errors import StalePlan
from coordinator.eventlog.snapshot_cache import LogMemory
from coordinator.lazy.dataclass import replace
from coordinator.model.problem import Problem
from coordinator.model.run import LoopAsk, Run
from coordinator.model.step import Attempt, Exit, Receipt, StepState
from coordinator.model.work import prompt_work
from coordinator.storage import attempts
from coordinator.storage.attempts import load_attempt
from coordinator.storage.files import Lock, stage
from coordinator.storage.paths import Layout
from coordinator.storage.records import BadRecord, decode, encode
from coordinator.storage.runs import (
    AttemptReader,
    current_run,
    loop_is_alive,
    new_run,
    read_attempts,
    read_exit,
    read_loop,
    read_receipt,
    run_ids,
    write_loop,
    write_receipt,
    write_run,
    write_step,
)
from coordinator.storage.sweep import sweep

AT = "2027-01-15T08:00:00Z"
RECEIPT = Receipt("done", "did it", "executor-07-1", AT, commits=("abc",), decisions=("use WAL",))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def attempt(number: int = 7, count: int = 1, run: str = "run-1", **values: object) -> Attempt:
    made = Attempt(
        prompt_work(number), count, run, 1, StepState.RUNNING, AT, AT, f"executor-{number:02d}-{count}", window="@3"
    )
    return replace(made, **values)  # type: ignore[arg-type]


def folder(layout: Layout, made: Attempt) -> Path:
    return layout.attempt(made.run, made.work, made.attempt)


def age(path: Path) -> None:
    """Make a folder look as if nothing had happened in it for long."""
    os.utime(path, (1_700_000_000, 1_700_000_000))


def test_an_attempt_comes_back_with_what_lies_beside_it(layout: Layout) -> None:
    made = attempt(branch="coord/07-1", commits=("abc", "def"), held=True, kill="requeue", digest="00ff")
    write_step(layout, made)
    where = folder(layout, made)
    (where / "started").mkdir()
    (where / "started" / "pid").write_text("4711\n")
    (where / "exit.json").write_text('{"status": 143, "at": "2027-01-15T09:00:00Z"}\n')
    write_receipt(where, RECEIPT)
    expected = replace(made, pid=4711, exit=Exit(143, "2027-01-15T09:00:00Z"))  # a receipt alone is nobody's
    assert read_receipt(where) == RECEIPT
    assert load_attempt(layout, "run-1", made.work, 1) == (expected, ())
    assert read_attempts(layout) == {7: expected}
    assert read_attempts(layout)[7].directory == ".coord/runs/run-1/prompts/07/attempt-1"


def test_the_record_of_an_attempt_at_a_prompt_is_written_and_read_as_ever(layout: Layout) -> None:
    made = attempt(branch="coord/07-1")
    write_step(layout, made)
    path = layout.root / ".coord/runs/run-1/prompts/07/attempt-1/step.json"
    values = json.loads(path.read_text())
    assert list(values)[:3] == ["prompt", "attempt", "run"]
    assert (values["prompt"], values["attempt"]) == (7, 1)
    assert not values.keys() & {"work", "directory"}
    path.write_text(json.dumps(values | {"prompt": 9, "iteration": 3}))  # where it lies tells which attempt it is
    assert read_attempts(layout) == {7: made}


def test_folders_that_are_no_prompts_are_left_alone(layout: Layout) -> None:
    write_step(layout, attempt())
    for name in ("00", "7", "007", "x", "٧"):
        (layout.run("run-1") / "prompts" / name / "attempt-2").mkdir(parents=True)
        (layout.run("run-1") / "prompts" / name / "attempt-2" / "step.json").write_text("{}")
    reader = AttemptReader(layout)
    assert reader.refresh() == {7: attempt()}
    assert reader.refresh([layout.run("run-1") / "prompts" / name for name in ("00", "7", "x")]) == {7: attempt()}
    assert [made.attempt for made in attempts.all_attempts(layout)] == [1]


def test_an_attempt_is_claimed_once(layout: Layout) -> None:
    write_step(layout, attempt(), new=True)
    with pytest.raises(StalePlan):
        write_step(layout, attempt(), new=True)
    write_step(layout, attempt(reason="again"))


def test_the_last_attempt_over_all_runs_counts(layout: Layout) -> None:
    for made in (attempt(7, 1), attempt(7, 2), attempt(8, 1), attempt(7, 10, "run-2"), attempt(7, 9, "run-10")):
        write_step(layout, made)
    found = read_attempts(layout)
    assert {number: (made.attempt, made.run) for number, made in found.items()} == {7: (10, "run-2"), 8: (1, "run-1")}


def test_a_folder_without_a_claim_is_no_attempt(layout: Layout) -> None:
    layout.attempt("run-1", prompt_work(7), 1).mkdir(parents=True)
    assert read_attempts(layout) == {}


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"epoch": 1}', b'{"epoch": "x"}', b'{"epoch": 1e400}'),
        b'{"epoch": 1, "state": "resting", "since": ""}',
        b'{"epoch": 1, "state": 5, "since": ""}',
        b'{"epoch": 1, "state": "running", "since": "", "commits": "abc"}',
    ],
)
def test_an_unreadable_step_is_a_problem_and_nothing_is_started_beside_it(layout: Layout, content: bytes) -> None:
    made = attempt()
    write_step(layout, made)
    (folder(layout, made) / "step.json").write_bytes(content)
    reader = AttemptReader(layout)
    found = reader.refresh()[7]
    assert (found.state, found.held, found.attempt) == (StepState.BLOCKED, True, 1)
    (problem,) = reader.problems
    assert problem.path == ".coord/runs/run-1/prompts/07/attempt-1/step.json"
    assert problem.numbers == (7,)
    assert problem.code == "bad-record"


def test_unreadable_exit_and_receipt_are_problems_of_their_own(layout: Layout) -> None:
    made = attempt()
    write_step(layout, made)
    (folder(layout, made) / "exit.json").write_text('{"status": "zero"}')
    (folder(layout, made) / "receipt.json").write_text('{"outcome": "great", "summary": "", "agent": "", "at": ""}')
    reader = AttemptReader(layout, LogMemory(layout.events_db))
    assert reader.refresh() == {7: made}
    assert [os.path.basename(problem.path) for problem in reader.problems] == ["exit.json", "receipt.json"]
    assert isinstance(read_exit(folder(layout, made)), Problem)
    assert isinstance(read_receipt(folder(layout, made)), Problem)


def test_keys_of_a_later_version_are_passed_over(layout: Layout) -> None:
    made = attempt()
    write_step(layout, made)
    path = folder(layout, made) / "step.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"colour": "blue"}))
    assert read_attempts(layout) == {7: made}


@given(
    st.builds(
        Receipt,
        outcome=st.just("done"),
        summary=st.text(),
        agent=st.text(),
        at=st.text(),
        commits=st.lists(st.text()).map(tuple),
        limitations=st.lists(st.text()).map(tuple),
    )
)
def test_every_record_survives_the_way_through_json(receipt: Receipt) -> None:
    assert decode(Receipt, json.loads(json.dumps(encode(receipt)))) == receipt


def test_a_missing_key_is_named() -> None:
    with pytest.raises(BadRecord, match="`summary` is missing"):
        decode(Receipt, {"outcome": "done"})


def test_a_second_look_reads_nothing_that_did_not_change(layout: Layout) -> None:
    for number in (7, 8):
        made = attempt(number)
        write_step(layout, made)
        (folder(layout, made) / "exit.json").write_text('{"status": 0, "at": ""}')
    reader = AttemptReader(layout)
    first = reader.refresh()
    assert reader.refresh() is first
    write_step(layout, attempt(8, reason="new"))
    second = reader.refresh()
    assert second[8].reason == "new"
    assert second[7] is first[7]


def test_unchanged_folders_are_not_read_again(layout: Layout) -> None:
    """Every writer replaces files: what does not touch the folder did not happen."""
    made = attempt()
    write_step(layout, made)
    where = folder(layout, made)
    (where / "exit.json").write_text('{"status": 0, "at": ""}')
    for path in (where, where.parent):
        age(path)
    reader = AttemptReader(layout)
    before = reader.refresh()
    (where / "exit.json").write_text('{"status": 9, "at": ""}')
    age(where)
    # the change time is the kernel's and can't be set back: pretend that it can
    reader._entries[7] = reader._entries[7]._replace(stamp=_stamp_of(where))
    assert reader.refresh() is before


def test_the_process_id_of_a_starting_agent_is_seen_though_it_is_written_further_down(layout: Layout) -> None:
    made = attempt()
    write_step(layout, made)
    started = folder(layout, made) / "started"
    started.mkdir()
    for path in (folder(layout, made), folder(layout, made).parent):
        age(path)
    reader = AttemptReader(layout)
    assert reader.refresh()[7].pid == 0
    (started / "pid").write_text("4711\n")
    assert reader.refresh()[7].pid == 4711


def test_a_write_right_after_a_look_is_seen_though_time_stamps_are_coarse(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def coarse(where: str) -> tuple[int, int, int]:
        status = os.stat(where)
        second = status.st_mtime_ns // 2_000_000_000 * 2_000_000_000
        return second, status.st_ino, second

    monkeypatch.setattr(attempts, "stamp_of", coarse)
    write_step(layout, attempt())
    (folder(layout, attempt()) / "exit.json").write_text('{"status": 0, "at": ""}')
    reader = AttemptReader(layout)
    for reason in ("one", "two", "three"):
        write_step(layout, attempt(reason=reason))
        assert reader.refresh()[7].reason == reason
    write_step(layout, attempt(7, 2))
    assert reader.refresh()[7].attempt == 2


def _stamp_of(where: Path) -> tuple[int, int, int]:
    status = where.stat()
    return status.st_mtime_ns, status.st_ino, status.st_ctime_ns


Change = Callable[[Layout], list[Path]]


def _new_attempt(layout: Layout) -> list[Path]:
    write_step(layout, attempt(7, 2))
    return [layout.attempt("run-1", prompt_work(7), 2)]


def _new_prompt(layout: Layout) -> list[Path]:
    write_step(layout, attempt(9))
    return [layout.runs / "run-1" / "prompts" / "09"]


def _new_run(layout: Layout) -> list[Path]:
    write_step(layout, attempt(7, 2, "run-2"))
    return [layout.runs / "run-2"]


def _exit(layout: Layout) -> list[Path]:
    path = folder(layout, attempt()) / "exit.json"
    path.write_text('{"status": 0, "at": ""}')
    return [path]


def _started(layout: Layout) -> list[Path]:
    path = folder(layout, attempt()) / "started"
    path.mkdir()
    (path / "pid").write_text("12")
    return [path]


def _gone(layout: Layout) -> list[Path]:
    where = folder(layout, attempt())
    (where / "step.json").unlink()
    where.rmdir()
    return [where]


@pytest.mark.parametrize("change", [_new_attempt, _new_prompt, _new_run, _exit, _started, _gone])
def test_a_look_at_the_changed_paths_finds_what_a_full_look_finds(layout: Layout, change: Change) -> None:
    write_step(layout, attempt())
    write_step(layout, attempt(8))
    reader = AttemptReader(layout)
    before = reader.refresh()
    after = reader.refresh(change(layout))
    assert after == AttemptReader(layout).refresh()
    assert after != before
    assert after[8] is before[8]


def test_paths_that_are_no_records_cost_nothing(layout: Layout) -> None:
    made = attempt()
    write_step(layout, made)
    reader = AttemptReader(layout)
    before = reader.refresh()
    write_step(layout, attempt(reason="new"))
    assert reader.refresh([folder(layout, made) / "status.jsonl", layout.root / "x", layout.alignment]) is before
    assert reader.refresh([folder(layout, made) / "step.json"])[7].reason == "new"


def test_runs_are_numbered_on_and_the_newest_is_current(layout: Layout) -> None:
    assert current_run(layout) is None
    assert [new_run(layout, "M", started=AT) for _ in range(11)] == [f"run-{n}" for n in range(1, 12)]
    assert current_run(layout) == Run("run-11", "M", started=AT)
    write_run(layout, Run("run-11", "M", iteration=2, state="ended", outcome="done", epoch=3, started=AT))
    found = current_run(layout)
    assert found is not None
    assert (found.iteration, found.state, found.outcome, found.epoch) == (2, "ended", "done", 3)
    (layout.runs / "notes").mkdir()
    assert run_ids(layout)[-1] == "run-11"
    (layout.run("run-11") / "run.json").write_text("{")
    assert current_run(layout) == Run("run-11", state="unknown")


def test_two_runs_opened_at_once_are_two_runs(layout: Layout) -> None:
    gate = threading.Barrier(8)
    made: list[str] = []

    def open_one() -> None:
        gate.wait()
        made.append(new_run(layout, "M"))

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8


def test_what_is_asked_of_the_loop_comes_back(layout: Layout) -> None:
    assert read_loop(layout) == (LoopAsk(), None)
    ask = LoopAsk("paused", 2, "ann", AT, "lunch")
    write_loop(layout, ask)
    assert read_loop(layout) == (ask, None)


@pytest.mark.parametrize("content", ["", "{}x", '{"state": "flying"}', '{"state": "running", "max_parallel": 0}'])
def test_an_unreadable_wish_pauses_the_loop_and_says_so(layout: Layout, content: str) -> None:
    layout.coord.mkdir()
    layout.loop_json.write_text(content)
    ask, problem = read_loop(layout)
    assert ask.state == "paused"
    assert problem is not None
    assert problem.path == ".coord/loop.json"
    assert "coord resume" in problem.remedy


def test_the_loop_is_alive_while_somebody_holds_its_lock(layout: Layout) -> None:
    layout.coord.mkdir()
    assert not loop_is_alive(layout)
    with Lock(layout.loop_lock):
        assert loop_is_alive(layout)
    assert not loop_is_alive(layout)


def test_what_killed_writers_left_is_swept_all_over_the_project(layout: Layout) -> None:
    write_step(layout, attempt(7, 1, "run-2"))
    new_run(layout, "M")
    write_step(layout, attempt(7, 1, "run-3"))
    where = folder(layout, attempt(7, 1, "run-3"))
    layout.plans.mkdir()
    layout.milestones.mkdir()
    places = (layout.coord, layout.plans, layout.milestones, where)
    dead = [place / f".coord-tmp-{2**22 + 1}-1-0" for place in places]
    for path in dead:
        path.write_bytes(b"half")
    mine = stage(str(where / "step.json"), b"being written")
    assert sweep(layout) == 4
    assert not any(path.exists() for path in dead)
    assert os.path.exists(mine)
    assert read_attempts(layout)[7].run == "run-3"
