"""The one way to an agent's window: found by its mark, with the attempt's own process in it, looked at before each key.

A pane's number that was written down may be another window's by now: a new tmux server counts from the beginning.
"""

import time
from collections.abc import Callable
from pathlib import Path

from coordinator.agents.evidence import last_report
from coordinator.agents.hooks import STATUS
from coordinator.agents.jsonl_tail import end_of
from coordinator.agents.registry import find_runtime
from coordinator.agents.runtime import Runtime
from coordinator.agents.screens import dialog_opened
from coordinator.apply.suspend import is_paused
from coordinator.errors import CoordError, Refused, UsageError
from coordinator.eventlog.store import EventLog
from coordinator.lazy.dataclass import dataclass
from coordinator.model.event import Actor, Draft, may_write
from coordinator.model.step import Attempt
from coordinator.observe.project import Project
from coordinator.observe.trust import require_trust
from coordinator.processes.table import mark_of
from coordinator.secrets.redaction import redact
from coordinator.storage.paths import Layout
from coordinator.terminals.listing import Window
from coordinator.terminals.server import Terminals

TOLD = "agent.told"
_PAINTED = 10.0
"""Seconds after which a question that a hook told of shows on the screen, or was answered there: no hook tells that."""
_LOOK = 0.05


def tell(layout: Layout, attempt: Attempt, actor: Actor, text: str, *, plan: str = "") -> bool:
    """Send a message to a running agent and log it; whether its screen showed that it came.

    Raises Refused where it would end up anywhere but in the agent's own empty input; then nothing was entered.
    """
    require_trust(layout)
    if not text.strip():
        raise UsageError("there is nothing to send", "say what the agent should know")
    text = redact(text)
    data = {**attempt.work.record, "attempt": attempt.attempt, "text": text} | ({"plan": plan} if plan else {})
    draft = Draft(TOLD, f"agent:{attempt.agent}", data)
    with EventLog.open(layout.events_db) as log:
        if not may_write(actor, TOLD):
            log.append([draft], actor, attempt.run)  # refuses, and logs that it did
        agent = reach(layout, attempt)
        agent.check_composer()
        arrived = agent.enter(text)
        log.append([draft], actor, attempt.run)
    return arrived


def check(layout: Layout, attempt: Attempt) -> None:
    """Refused, or CoordError, where `tell` would be: asked before anything is done that a message belongs to."""
    reach(layout, attempt).check_composer()


@dataclass(frozen=True, slots=True)
class Reached:
    """An agent at work, and its window."""

    attempt: Attempt
    runtime: Runtime
    terminals: Terminals
    root: Path

    def window(self) -> Window:
        """Its window as it is now. CoordError when it is gone, Refused when something else runs in it."""
        window = window_of(self.terminals, self.root, self.attempt.agent, self.attempt.run)
        if window is None or window.dead:
            raise CoordError(f"the window of {self.attempt.agent} is gone", "`coord status` tells what became of it")
        own = (self.attempt.agent, str(self.root))
        if window.pid != self.attempt.pid or mark_of(window.pid) != own:
            raise Refused(
                f"what runs in the window of {self.attempt.agent} is not that agent",
                f"look at it: `coord attach {self.attempt.handle}`",
            )
        return window

    def screen(self) -> str:
        """What its window shows, a line a row."""
        from coordinator.terminals.capture import read_panes

        pane = self.window().pane
        screens = read_panes(self.terminals, [pane])
        if pane not in screens:
            raise CoordError(f"the window of {self.attempt.agent} is gone", "`coord status` tells what became of it")
        return screens[pane].plain()

    def press(self, key: str) -> None:
        """Press one key in it."""
        self.terminals.send_key(self.window().pane, key)

    def check_composer(self, seen: str = "") -> None:
        """Refused where it takes no message: it has no line for one, something stands in it, or a dialog is open.

        Where its hook has just told of a question, waits until its screen shows that, or something else is known.
        `seen`: what its window has shown just now, for a first look.
        """
        number = self.attempt.handle
        if not self.runtime.has_composer:
            raise Refused(
                f"{self.attempt.agent} can't be told anything while it runs: `{self.runtime.name}` takes no messages",
                f"let it end, or have it start again: `coord restart {number}` gives it the prompt as it is then",
            )
        while True:
            awaited = self.question_may_open()  # first: what the screen shows is then the newer of both
            if not self.runtime.composer_is_empty(seen or self.screen()):
                raise Refused(
                    f"{self.attempt.agent} can't take a message now: its input is not empty, or it shows a question",
                    f"look: `coord attach {number}`",
                )
            if not awaited:
                return
            time.sleep(_LOOK)
            seen = ""

    def question_may_open(self) -> bool:
        """Its hook told of a question so lately that the dialog may not be on its screen yet."""
        report = last_report(end_of(f"{self.root}/{self.attempt.directory}/{STATUS}"), self.runtime)
        if report is None or report.source == "screen" or not report.state.needs_human:
            return False
        return abs(time.time() - report.at) < _PAINTED

    def enter(self, text: str) -> bool:
        """Paste a text and press Enter; whether the screen showed that it came. Refused where a dialog has opened."""
        return self.terminals.send_text(self.window().pane, text, self.no_dialog())

    def no_dialog(self) -> Callable[[], None]:
        """A last look before Enter ends a message: Refused where a dialog has opened meanwhile, which would take it."""
        before = self.runtime.seen(self.screen())

        def look() -> None:
            if dialog_opened(before, self.runtime.seen(self.screen())):
                raise Refused(
                    f"{self.attempt.agent} shows a question since the message was pasted: it was not sent",
                    f"look: `coord attach {self.attempt.handle}`",
                )

        return look


def reach(layout: Layout, attempt: Attempt) -> Reached:
    """A running agent, to be looked at and written to; Refused when it is not at work, or paused."""
    if not attempt.state.live or attempt.exit is not None or not attempt.pid:
        raise Refused(f"{attempt.agent} is not at work", "`coord agents` tells who is")
    if is_paused(layout, attempt):
        raise Refused(f"{attempt.agent} is paused: its budget is used up", "answer the question about that first")
    project = Project(layout)
    runtime = find_runtime(attempt.runtime, {"command": project.config.command})
    return Reached(attempt, runtime, project.terminals, layout.root)


def window_of(terminals: Terminals, root: Path, agent: str, run: str = "") -> Window | None:
    """The window that was opened for an agent of the project at `root`, by its mark; a dead one where none lives."""
    mark = {"root": str(root), "agent": agent} | ({"run": run} if run else {})
    found = [window for window in terminals.windows() if mark.items() <= dict(window.mark).items()]
    return min(found, key=lambda window: window.dead, default=None)
