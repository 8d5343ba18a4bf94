"""A project to look at: many prompts, and agents that are alive in tmux windows of their own."""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from coordinator.eventlog.store import EventLog
from coordinator.model.clock import iso
from coordinator.model.event import SYSTEM, Draft
from coordinator.model.step import Attempt, StepState
from coordinator.storage.runs import new_run, write_step

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.project import Project, project, prompt_text

from coordinator.model.work import prompt_work

_SCREENFUL = 'for n in $(seq 48); do printf "\\033[3${n#?}mline %d\\033[0m with text\\n" $n; done; '
_AGENT = _SCREENFUL + 'mkfifo "$0"; exec cat 0<>"$0"'
"""An agent that has printed a screenful, and then prints what is written into the pipe `$0`."""


class Stage:
    """The project; its agents are real windows and real files, as the loop would have left them."""

    def __init__(self, folder: Path, made: Project) -> None:
        self.project = made
        self.layout = made.layout
        self._folder = folder
        self._run = new_run(made.layout, "bench")
        self.pipes: list[Path] = []
        """What is written into the n-th one is printed by the n-th agent."""

    @staticmethod
    def title(number: int) -> str:
        """Of a prompt before anybody changes it."""
        return f"Task {number} of many"

    def prompt(self, number: int, title: str) -> None:
        """Write a prompt file as editors do: a new one takes the place of the old."""
        path = self.layout.prompts / f"{number:04d}-planned.prompt.md"
        temporary = path.with_suffix(".new")
        temporary.write_text(prompt_text(number, *_dependencies(number), title=title))
        os.replace(temporary, path)

    def hire(self, count: int) -> None:
        """Have the first `count` prompts worked on."""
        self.project.terminals.ensure_session()
        for number in range(len(self.pipes) + 1, count + 1):
            self._hire(number)

    def _hire(self, number: int) -> None:
        agent, pipe = f"executor-{number:02d}-1", self._folder / f"pipe-{number}"
        window = self.project.terminals.open_window(
            ["sh", "-c", _AGENT, str(pipe)],
            cwd=self.layout.root,
            name=f"p-{number}",
            env={},
            mark={"agent": agent, "root": str(self.layout.root)},
        )
        began = iso(time.time() - 61 * number)
        place = self.layout.attempt(self._run, prompt_work(number), 1)
        (place / "started").mkdir(parents=True)
        (place / "started/pid").write_text(f"{window.pid}\n")
        attempt = Attempt(
            *(prompt_work(number), 1, self._run, 1, StepState.RUNNING, began, began, agent),
            window=window.id,
            pane=window.pane,
        )
        write_step(self.layout, attempt)
        self.pipes.append(pipe)

    def log(self, count: int) -> None:
        """Have something happened."""
        drafts = [Draft("step.running", f"prompt:{n % 40 + 1}", {"attempt": 1}) for n in range(count)]
        with EventLog.open(self.layout.events_db) as log:
            log.append(drafts, SYSTEM)

    def coord(self) -> list[str]:
        return [sys.executable, "-m", "coordinator.cli.main", "-C", str(self.layout.root)]


def _dependencies(number: int) -> list[int]:
    return [n for n in (number - 7, number - 1) if n > 200 and number % 3]


@contextlib.contextmanager
def stage(prompts: int) -> Iterator[Stage]:
    """A project of so many prompts and with a thousand events; ends what was started in it."""
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder, project(Path(folder), {}) as made:
        shown = Stage(Path(folder), made)
        for number in range(1, prompts + 1):
            shown.prompt(number, shown.title(number))
        shown.log(1_000)
        yield shown
