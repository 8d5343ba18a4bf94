"""What a snapshot tells of pipelines: turns and their agents, where each stands, its questions, what it used."""

from collections.abc import Iterator, Mapping, Sequence

from coordinator.model.pipeline import ABOUT, Position
from coordinator.model.problem import Problem
from coordinator.model.snapshot import Question
from coordinator.model.step import Attempt
from coordinator.model.usage import Spent
from coordinator.model.work import WorkId, turn_work
from coordinator.observe.usage import FlowSpending
from coordinator.storage.attempts import Given
from coordinator.storage.paths import Layout
from coordinator.storage.stage_attempts import StageReader


class Pipelines:
    """Those of the last attempts of all prompts. Belongs to one thread."""

    def __init__(self, layout: Layout, given: Given) -> None:
        self._reader = StageReader(layout, given)
        self._spending = FlowSpending(layout)

    def refresh(self, attempts: Mapping[int, Attempt], *, everything: bool) -> None:
        """Look again; `attempts` are the last ones of all prompts."""
        self._reader.refresh(attempts, everything=everything)

    @property
    def turns(self) -> Mapping[WorkId, Attempt]:
        return self._reader.last

    @property
    def positions(self) -> Mapping[int, Position]:
        return self._reader.positions

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._reader.problems

    def of_interest(self, parent: Attempt) -> Iterator[Attempt]:
        """Turns of a prompt's attempt that are at work, and the one that a human is to say something about."""
        position = self.positions.get(parent.prompt)
        if position is None:
            return
        asked = position.asked.turn if position.waits and position.asked is not None and parent.state.live else None
        for turn in position.turns:
            attempt = self.turns.get(turn_work(parent.prompt, turn.path))
            if attempt is not None and (attempt.state.live or turn.path == asked):
                yield attempt

    def still_asked(self, questions: Sequence[Question]) -> tuple[Question, ...]:
        """Questions without those that no pipeline waits for any more: its prompt was started anew, or has ended."""
        waiting = {position.asked.id for position in self.positions.values() if position.asked is not None}
        return tuple(q for q in questions if not (q.open and q.about.startswith(ABOUT)) or q.id in waiting)

    def spent(self, asked: Sequence[Question]) -> Mapping[int, Spent]:
        """By prompt: what all of its turns used; `asked` are the questions about budgets."""
        self._spending.look(self.turns, asked)
        found: dict[int, Spent] = {}
        for work, used in self._spending.run.items():
            found[work.number] = found[work.number].plus(used) if work.number in found else used
        return found
