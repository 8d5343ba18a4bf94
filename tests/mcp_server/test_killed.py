"""A question is one question with one answer that arrives, whatever is killed between any two of its messages."""

import itertools
import os
import signal
from collections.abc import Callable

import pytest
from support.project import LoopProcess, Project, project
from support.thin import Thin, agent_environment, end_server, server_of
from support.wait import wait_until

from coordinator.model.work import prompt_work

TRIALS = 200
POINTS = ("greeted", "asked", "on the log", "answered", "delivered")
"""Between which messages something is killed: before it is asked, as soon as it is sent, once it is on the log, as soon
as it is answered, once the client has the answer."""
VICTIMS = ("server", "thin end", "loop")


class Asker:
    """A client that goes on after whatever is killed: starts its thin end anew, asks again what has no answer."""

    def __init__(self, made: Project, point: str, kill: Callable[["Asker"], None]) -> None:
        self.made = made
        self._point, self._kill = point, kill
        self._text = ""
        self._request = 0
        self.thin = self._start()

    def _start(self) -> Thin:
        one = Thin(self.made, agent_environment(self.made))
        one.greet()
        return one

    def ask(self, text: str, answer: str) -> str:
        """Ask, and have a human answer; what arrives."""
        self._at("greeted")
        self._text = text
        self._begin()
        self._at("asked")
        (event,) = wait_until(lambda: self._asked(text), message=f"{text} on the log")
        self._at("on the log")
        self.made.coord("answer", str(event.seq), answer)
        self._at("answered")
        found = self.thin.result(self._request)["content"][0]["text"]
        self._text = ""
        self._at("delivered")
        return str(found)

    def start_anew(self) -> None:
        """Kill the thin end, and go on with another. What it had passed on before has arrived."""
        self.thin.process.kill()
        before = self.thin.rest()
        self.thin.close()
        self.thin = self._start()
        if self._text and self._request in before:
            self._request = self.thin.keep(before[self._request])
        elif self._text:
            self._begin()

    def _begin(self) -> None:
        self._request = self.thin.begin("tools/call", {"name": "ask", "arguments": {"text": self._text}})

    def _asked(self, text: str) -> list[object]:
        return [event for event in self.made.events("question.asked") if event.data["text"] == text]

    def _at(self, point: str) -> None:
        if point == self._point:
            self._kill(self)


def kill_server(asker: Asker) -> None:
    pid = server_of(asker.made)
    if pid:
        os.kill(pid, signal.SIGKILL)


def check(made: Project, wanted: dict[str, str], got: dict[str, str]) -> None:
    """One question each, with one answer, and it arrived."""
    asked = [str(event.data["text"]) for event in made.events("question.asked")]
    answered = [str(event.data["answer"]) for event in made.events("question.answered")]
    assert sorted(asked) == sorted(wanted)
    assert sorted(answered) == sorted(wanted.values())
    assert got == wanted


@pytest.mark.parametrize(
    ("point", "victim"),
    [
        ("on the log", "server"),
        ("answered", "server"),
        ("asked", "thin end"),
        ("answered", "thin end"),
    ],
)
def test_a_question_arrives_when_server_or_thin_end_is_killed(made: Project, point: str, victim: str) -> None:
    made.layout.attempt("run-1", prompt_work(1), 1).mkdir(parents=True, exist_ok=True)  # keeps what it was answered
    asker = Asker(made, point, kill_server if victim == "server" else Asker.start_anew)
    text, before = f"{point}, {victim}?", len(made.events("question.asked"))
    assert asker.ask(text, "yes") == "yes"
    asker.thin.close()
    assert len(made.events("question.asked")) == before + 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_question_arrives_whatever_is_killed_between_any_two_of_its_messages(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    wanted: dict[str, str] = {}
    got: dict[str, str] = {}
    with project(tmp_path_factory.mktemp("killed"), {1: []}) as made:
        made.add(1, script=made.until() + "coord agent done --no-change --summary x\n")
        loops: list[LoopProcess] = [made.start_loop()]
        made.wait_for(1, "running")

        def kill_loop(_: Asker) -> None:
            loops[-1].kill()
            loops[-1].wait()
            loops.append(made.start_loop())

        kills = {"server": kill_server, "thin end": Asker.start_anew, "loop": kill_loop}
        scenes = itertools.islice(itertools.cycle(itertools.product(POINTS, VICTIMS)), TRIALS)
        for number, (point, victim) in enumerate(scenes):
            asker = Asker(made, point, kills[victim])
            text = f"{number}: {victim} killed when {point}?"
            wanted[text] = f"answer {number}"
            got[text] = asker.ask(text, wanted[text])
            asker.thin.close()
        check(made, wanted, got)
        assert made.states() == {1: "running"}
        end_server(made)
    print(f"{TRIALS} questions, each killed at one of {len(POINTS)} points: one question, one answer, delivered")
