"""The loop numbers criteria, has claimed commands run, and asks where it may not run them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from support.build import attempt, prompt, world
from support.repository import Repository
from support.writers import ADA

from coordinator.changes.sandbox import Sandbox
from coordinator.eventlog.questions import questions
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import replace
from coordinator.loop import witnesses
from coordinator.loop.actions import NumberCriteria, RunWitness
from coordinator.loop.context import Context
from coordinator.loop.rules import step
from coordinator.loop.runs import RunBook
from coordinator.model.criterion_numbers import numbered
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.model.round import Claim, Criterion, Phase, Round, Verdict, digest_of
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import Attempt, StepState
from coordinator.model.witness_fold import EVENTS, WitnessFold
from coordinator.model.witnesses import ALWAYS, ONCE, Shown, about_command, leave_for, standings
from coordinator.storage.config import Config
from coordinator.terminals.server import Terminals

FIRST, SECOND = Criterion("SC-1", "it counts"), Criterion("SC-2", "it is quick")


class Loop:
    """A loop as far as witnesses go: its log, and what the rules and the table of actions make of a round."""

    def __init__(self, root: Path) -> None:
        self.repo = Repository(root)
        self.log = EventLog.open(self.repo.layout.events_db, create=True)
        book = RunBook(self.repo.layout, self.log)
        self.context = Context(self.repo.layout, Config(project="p"), self.log, cast(Terminals, None), book)
        self.round = Round(1, Phase.FEEDBACK, (FIRST, SECOND), self.repo.head())

    def claim(self, *commands: str, **allowed: Any) -> None:
        claims = tuple(Claim(f"SC-{n}", "met", command) for n, command in enumerate(commands, 1))
        verdict = Verdict("yes", "", (), claims, 1, "verifier-1-1", 1, self.repo.head())
        self.round = replace(self.round, verdict=verdict, **allowed)

    def look(self) -> Snapshot:
        fold = WitnessFold()
        for event in self.log.since(0, 1000):
            if event.kind in EVENTS:
                fold.feed(event)
        self.round = replace(
            self.round,
            numbers=fold.numbers.known,
            witnesses=fold.witnesses,
            base=self.repo.head(),
            asked=fold.asked,
            began=fold.began,
        )
        return replace(world(()), round=self.round, questions=questions(self.log))

    def turn(self) -> list[NumberCriteria | RunWitness]:
        """Do what the rules want, as the executor does; what that was."""
        done: list[NumberCriteria | RunWitness] = []
        snapshot = self.look()
        for action in step(snapshot, 0.0):
            if isinstance(action, NumberCriteria):
                witnesses.number(self.context, snapshot, action)
                done.append(action)
            elif isinstance(action, RunWitness):
                witnesses.run(self.context, snapshot, action)()
                done.append(action)
        return done


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    made = Loop(tmp_path / "project")
    yield made
    made.log.close()


def test_what_is_allowed_runs_once_on_a_base_and_the_log_has_it(loop: Loop) -> None:
    command = (
        "echo API_TOKEN=$(printf abcdef; printf 9d8e7f0123456789); printf '\\033[31mred'; grep -q 'line 1' src/app.py"
    )
    loop.claim(command, "false", allowed=frozenset({command, "false"}))
    assert [type(action).__name__ for action in loop.turn()] == ["NumberCriteria", "RunWitness", "RunWitness"]
    assert loop.turn() == []
    first, second = loop.round.witnesses["SC-1"], loop.round.witnesses["SC-2"]
    assert (first.exit, first.commit, first.command) == (0, loop.repo.head(), command)
    assert first.output.splitlines()[-1] == "red"
    assert "abcdef" not in first.output
    assert second.exit == 1
    loop.repo.commit({"more.txt": "more\n"})  # the base moved
    assert loop.turn() != []
    assert loop.round.witnesses["SC-1"].commit != loop.repo.head()
    loop.look()
    assert loop.round.witnesses["SC-1"].commit == loop.repo.head()


def test_an_agents_words_are_asked_about_and_run_when_a_human_allows_these_words(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordinator.changes.witness.find_sandbox", lambda words: None)
    loop.claim(f"touch {loop.repo.root}/ran")
    loop.turn()
    assert loop.turn() == []  # asked once
    (question,) = loop.look().questions
    assert question.about == about_command(f"touch {loop.repo.root}/ran")
    assert question.subject == "criterion:SC-1"
    assert not question.holds
    assert not (loop.repo.root / "ran").exists()
    answered = replace(question, answer=ALWAYS)
    assert leave_for(f"touch {loop.repo.root}/ran", loop.round, (answered,)).value == "given"


def test_leave_for_one_run_is_used_as_soon_as_it_begins(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.changes.witness.find_sandbox", lambda words: None)
    command = f"echo ran >> {loop.repo.root}/ran"
    loop.claim(command)
    loop.turn()
    (question,) = loop.look().questions
    answer = {"question": question.id, "answer": ONCE}
    loop.log.append([Draft("question.answered", question.subject, answer)], ADA, "")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(witnesses, "_tell", killed)  # what came of it never reaches the log
        with pytest.raises(KeyboardInterrupt):
            loop.turn()
    loop.turn()
    assert (loop.repo.root / "ran").read_text() == "ran\n"
    assert [one.about for one in loop.look().questions if one.open] == [about_command(command)]


def test_a_command_that_looks_like_a_secret_runs_once_on_a_base_too(loop: Loop) -> None:
    command = "PASSWORD=hunter2hunter2 test -f README.md"
    loop.claim(command, allowed=frozenset({command}))
    assert [type(action) for action in loop.turn()] == [NumberCriteria, RunWitness]
    assert loop.turn() == []
    assert "hunter2" not in loop.round.witnesses["SC-1"].command
    assert next(one.shown for one in standings(loop.round)) is Shown.WITNESSED


def test_what_shows_nothing_is_asked_about_too(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Open(Sandbox):
        def wrap(self, command: str, *_: object, own: bool = True) -> str:
            return command

    monkeypatch.setattr("coordinator.changes.witness.find_sandbox", lambda words: Open("none"))
    loop.claim("true", "test -f README.md")
    loop.turn()
    (question,) = loop.look().questions
    assert "shows nothing of the project" in question.context
    assert list(loop.round.witnesses) == ["SC-2"]
    assert loop.round.witnesses["SC-2"].sandboxed


def test_the_log_says_which_criterion_has_which_number(loop: Loop) -> None:
    loop.turn()
    loop.look()
    assert loop.round.numbers == {"SC-1": digest_of("it counts"), "SC-2": digest_of("it is quick")}


def test_a_criterion_that_looks_like_a_secret_and_those_beyond_all_numbers_are_numbered_once(loop: Loop) -> None:
    texts = ["Login with PASSWORD=hunter2hunter2 works", *(f"{n} " + "it counts " * 500 for n in range(2, 1200))]
    loop.round = replace(loop.round, criteria=numbered(texts, {}))
    assert [type(action) for action in loop.turn()] == [NumberCriteria]
    assert loop.turn() == []
    assert len(loop.round.numbers) == 1000
    assert numbered(texts, loop.round.numbers) == loop.round.criteria
    assert "hunter2" not in str([event.data for event in loop.log.since(0, 1000)])


def test_a_suite_that_held_before_the_work_shows_none_of_two_criteria_and_is_tried_there_once(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, tried = loop.repo.head(), loop.repo.root.parent / "tried"
    loop.repo.commit({"new.txt": "new\n"})
    monkeypatch.setattr(witnesses, "_before", lambda *_: start)
    command = f"test -f README.md && git rev-parse HEAD >>{tried}"
    loop.claim(command, command, allowed=frozenset({command}))
    assert len(loop.turn()) == 2
    assert loop.turn() == []
    assert [one.shown for one in standings(loop.round)] == [Shown.FAILED, Shown.FAILED]
    assert tried.read_text().split() == [loop.repo.head(), start]
    loop.repo.commit({"more.txt": "more\n"})
    assert len(loop.turn()) == 1
    loop.look()
    assert [one.shown for one in standings(loop.round)] == [Shown.FAILED, Shown.FAILED]
    assert tried.read_text().split().count(start) == 1
    loop.claim(command, "test -f new.txt", allowed=frozenset({command, "test -f new.txt"}))
    loop.turn()
    loop.look()
    assert [one.shown for one in standings(loop.round)] == [Shown.WITNESSED, Shown.WITNESSED]


def test_the_work_began_with_the_first_prompt_since_the_milestone_did(loop: Loop) -> None:
    def begun(number: int, started: str, base: str) -> Attempt:
        return attempt(number, StepState.MERGED, started=f"{started}-01-15T08:00:00Z", base=base, run="run-9")

    earlier, later = begun(1, "2020", "a" * 40), [begun(3, "2991", "c" * 40), begun(2, "2990", "b" * 40)]
    snapshot = world([prompt(number) for number in (1, 2, 3)], [earlier, *later])
    assert witnesses._before(loop.context, snapshot) == "a" * 40
    loop.log.append([Draft("milestone.created", "milestone", {"id": "M2"})], Actor(ActorKind.HUMAN, "ada"))
    assert witnesses._before(loop.context, snapshot) == "b" * 40
    assert witnesses._before(loop.context, world([])) == ""


@pytest.mark.parametrize(("answer", "runs"), [(ONCE, 1), (ALWAYS, 2)])
def test_leave_for_one_run_is_none_for_a_run_on_the_commit_of_before(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, answer: str, runs: int
) -> None:
    start, tried = loop.repo.head(), loop.repo.root.parent / "tried"
    loop.repo.commit({"new.txt": "new\n"})
    monkeypatch.setattr(witnesses, "_before", lambda *_: start)
    monkeypatch.setattr("coordinator.changes.witness.find_sandbox", lambda words: None)
    loop.claim(f"git rev-parse HEAD >>{tried}")
    loop.turn()
    (question,) = loop.look().questions
    told = {"question": question.id, "answer": answer}
    loop.log.append([Draft("question.answered", question.subject, told)], ADA, "")
    loop.turn()
    loop.look()
    assert tried.read_text().split() == [loop.repo.head(), start][:runs]
    assert loop.round.witnesses["SC-1"].held_before is (runs == 2)
