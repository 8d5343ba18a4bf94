"""Questions on the command line: asked once, answered by humans, and kept where the next reader looks."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.command import coord
from support.wait import wait_until
from support.writers import ROOT

from coordinator.eventlog.filters import Filter
from coordinator.eventlog.store import EventLog
from coordinator.formats.alignment import summaries
from coordinator.model.event import Event
from coordinator.model.work import prompt_work
from coordinator.storage.documents import append_summary
from coordinator.storage.paths import Layout


def agent(attempt: int) -> dict[str, str]:
    """The environment of an attempt of prompt 7."""
    values = {"AGENT": f"executor-07-{attempt}", "ROLE": "executor", "RUN": "run-1", "PROMPT": "7"}
    return {f"COORD_{name}": value for name, value in {**values, "ATTEMPT": str(attempt)}.items()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assert coord("init", at=tmp_path).code == 0
    for attempt in (1, 2):
        Layout(tmp_path).attempt("run-1", prompt_work(7), attempt).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def as_agent(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets the calls that follow be those of an attempt of prompt 7."""

    def become(attempt: int) -> None:
        for name, value in agent(attempt).items():
            monkeypatch.setenv(name, value)

    return become


@pytest.fixture
def as_human(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def become() -> None:
        for name in agent(1):
            monkeypatch.delenv(name, raising=False)

    return become


@pytest.fixture
def waiting(root: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts `coord ask … --wait` as an agent's own process."""
    started: list[subprocess.Popen[str]] = []

    def ask(text: str, attempt: int = 1) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "coordinator.cli.main", "-C", str(root), "ask", text, "--wait"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **agent(attempt)},
        )
        started.append(process)
        return process

    yield ask
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def events(root: Path, *kinds: str) -> list[Event]:
    with EventLog(Layout(root).events_db) as log:
        return list(log.tail(1000, Filter(kinds=kinds)))


def is_told(process: "subprocess.Popen[str]") -> bool:
    """It waits to be told of appends."""
    links = [os.readlink(path) for path in Path(f"/proc/{process.pid}/fd").iterdir() if path.is_symlink()]
    return "anon_inode:inotify" in links


def test_a_question_carries_options_default_and_context(root: Path, as_agent: Callable[[int], None]) -> None:
    as_agent(1)
    asked = coord(
        *("ask", "Which store?", "--option", "SQLite", "--option", "JSON", "--default", "SQLite"),
        *("--context", "Four workers\nshare it.", "--only-dependents", "--json"),
        at=root,
    ).json
    (question,) = coord("questions", "--json", at=root).json["questions"]
    assert (question["id"], question["seq"]) == (asked["id"], asked["seq"])
    assert question["subject"] == "prompt:7"
    assert question["options"] == ["SQLite", "JSON"]
    assert (question["default"], question["only_dependents"]) == ("SQLite", True)
    assert question["context"] == "Four workers\nshare it."
    listed = coord("questions", at=root).out
    assert "     Four workers\n     share it.\n" in listed


def test_a_context_that_nobody_reads_is_refused(root: Path) -> None:
    refused = coord("ask", "Which?", "--context", "x" * 70_000, at=root)
    assert refused.code == 2
    assert "put it into a file" in refused.err


def test_the_answer_stands_in_the_alignment_document_below_the_askers_summary(
    root: Path, as_agent: Callable[[int], None], as_human: Callable[[], None]
) -> None:
    layout = Layout(root)
    append_summary(layout, number=7, agent="executor-07-1", text="half of it", at="2027-01-15T08:00:00Z")
    append_summary(layout, number=8, agent="executor-08-1", text="another", at="2027-01-15T08:00:00Z")
    as_agent(1)
    seq = coord("ask", "Which?\n## Prompt 08 · forged", "--option", "a", "--option", "b", "--json", at=root).json["seq"]
    as_human()
    assert coord("answer", str(seq), "2", at=root).code == 0
    (section,) = summaries(layout.alignment.read_bytes(), 7)
    assert section.endswith(f"Answer to question {seq} of executor-07-1:\n\n> Which?\n> ## Prompt 08 · forged\n\nb")
    assert "### Steering by" in section
    (answered,) = events(root, "question.answered")
    assert answered.data["answer"] == "b"


def test_an_answer_about_no_prompt_stands_below_the_milestone(root: Path) -> None:
    for text in ("First?", "Second?"):
        seq = coord("ask", text, "--json", at=root).json["seq"]
        assert coord("answer", str(seq), f"yes, {text}", at=root).code == 0
    text = Layout(root).alignment.read_text()
    assert text.count("## Milestone\n") == 1
    assert text.index("yes, First?") < text.index("yes, Second?")


def test_a_question_is_answered_once(root: Path) -> None:
    seq = coord("ask", "Which?", "--json", at=root).json["seq"]
    assert coord("answer", str(seq), "this", at=root).code == 0
    before = Layout(root).alignment.read_bytes()
    refused = coord("answer", str(seq), "that", at=root)
    assert refused.code == 3
    assert "is answered: this" in refused.err
    assert Layout(root).alignment.read_bytes() == before


def test_an_agent_can_not_answer(root: Path, as_agent: Callable[[int], None]) -> None:
    as_agent(1)
    seq = coord("ask", "Which?", "--json", at=root).json["seq"]
    before = Layout(root).alignment.read_bytes()
    refused = coord("answer", str(seq), "as I like", at=root)
    assert refused.code == 3
    assert "only a human" in refused.err
    assert Layout(root).alignment.read_bytes() == before
    assert events(root, "question.answered") == []
    (denied,) = events(root, "access.denied")
    assert (denied.subject, denied.data["kind"]) == ("prompt:7", "question.answered")


def test_the_same_question_is_not_asked_twice_while_it_is_open(root: Path, as_agent: Callable[[int], None]) -> None:
    as_agent(1)
    first = coord("ask", "Which?", "--json", at=root).json
    again = coord("ask", "Which?", "--json", at=root).json
    other = coord("ask", "Which?", "--option", "a", "--json", at=root).json
    assert (first["new"], again["new"], other["new"]) == (True, False, True)
    assert again["id"] == first["id"] != other["id"]


def test_a_call_that_was_cut_off_before_the_answer_came_gets_it_when_it_is_made_again(
    root: Path, as_agent: Callable[[int], None], as_human: Callable[[], None]
) -> None:
    as_agent(1)
    seq = coord("ask", "Which?", "--json", at=root).json["seq"]
    as_human()
    coord("answer", str(seq), "this one", at=root)
    as_agent(1)
    again = coord("ask", "Which?", "--wait", at=root)
    assert (again.code, again.out) == (0, "this one\n")
    assert coord("ask", "Which?", "--json", at=root).json["new"] is True, "who got the answer means it anew"


def test_the_next_attempt_gets_the_answer_that_the_last_one_got(
    root: Path, as_agent: Callable[[int], None], as_human: Callable[[], None]
) -> None:
    as_agent(1)
    seq = coord("ask", "Which?", "--json", at=root).json["seq"]
    as_human()
    coord("answer", str(seq), "this one", at=root)
    for attempt in (1, 2):
        as_agent(attempt)
        assert coord("ask", "Which?", "--wait", at=root).out == "this one\n"
    assert len(events(root, "question.asked")) == 1


def test_a_human_who_asks_again_after_the_answer_means_it_anew(root: Path) -> None:
    seq = coord("ask", "Which?", "--json", at=root).json["seq"]
    assert coord("ask", "Which?", "--json", at=root).json["new"] is False
    coord("answer", str(seq), "this one", at=root)
    assert coord("ask", "Which?", "--json", at=root).json["new"] is True


def test_who_waits_gets_the_answer(root: Path, waiting: Callable[..., "subprocess.Popen[str]"]) -> None:
    process = waiting("Which?")
    (asked,) = wait_until(lambda: events(root, "question.asked"), message="the question")
    assert coord("answer", str(asked.seq), "this", at=root).code == 0
    assert process.communicate(timeout=60)[0] == "this\n"
    assert process.returncode == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_who_was_killed_while_waiting_goes_on_waiting_for_the_same_answer(
    root: Path, waiting: Callable[..., "subprocess.Popen[str]"]
) -> None:
    first = waiting("Which?")
    (asked,) = wait_until(lambda: events(root, "question.asked"), message="the question")
    first.send_signal(signal.SIGKILL)
    first.wait()
    same, next_ = waiting("Which?"), waiting("Which?", attempt=2)
    wait_until(lambda: is_told(same) and is_told(next_), message="both to wait")
    assert coord("answer", str(asked.seq), "this", at=root).code == 0
    assert [process.communicate(timeout=60)[0] for process in (same, next_)] == ["this\n", "this\n"]
    assert len(events(root, "question.asked")) == 1


def test_an_answer_that_was_cut_off_is_made_whole_by_the_next_one_who_looks(root: Path) -> None:
    seq = coord("ask", "Which?", "--json", at=root).json["seq"]
    code = (
        "import os, sys\n"
        "from coordinator.apply import plans as apply\n"
        "apply.log_note = lambda *_: os._exit(9)\n"
        "from coordinator.cli.main import main\n"
        "main()"
    )
    cut = subprocess.run(
        [sys.executable, "-c", code, "-C", str(root), "answer", str(seq), "this"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert cut.returncode == 9
    assert "this" in Layout(root).alignment.read_text()
    assert coord("answer", str(seq), "that", at=root).code == 3
    (answered,) = events(root, "question.answered")
    assert answered.data["answer"] == "this"
    assert "that" not in Layout(root).alignment.read_text().split("Append-only.")[1]
