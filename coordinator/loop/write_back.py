"""Has what becomes of imported tasks written back while the loop runs: in a thread, so that nothing waits for it."""

import threading
from collections.abc import Callable, Mapping

from coordinator.apply.write_back import write_back
from coordinator.errors import CoordError
from coordinator.formats.import_text import SOURCE
from coordinator.model.event import Draft
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import plain
from coordinator.storage.paths import Layout

_LAST = 20.0
"""Seconds that what is left to write gets when the loop ends."""


class TaskWriter:
    """Writes after each change of the state of an imported prompt, the newest state alone."""

    def __init__(self, layout: Layout, say: Callable[[Draft], None]) -> None:
        """`say` is called in the thread, for each task that stays as it is."""
        self._layout, self._say = layout, say
        self._states: Mapping[str, StepState] = {}
        self._next: tuple[Snapshot, Mapping[str, str]] | None = None
        self._told: set[object] = set()
        """What was said once: a task that stays as it is does so at each step of its prompt."""
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ending = False

    def follow(self, snapshot: Snapshot, places: Mapping[str, str]) -> None:
        """Look at how things are now. `places`: what the setting `write_back` says."""
        if not places:
            return
        states = {
            source: snapshot.steps[prompt.number].state
            for prompt in snapshot.prompts.values()
            if (source := prompt.extra.get(SOURCE)) and prompt.number in snapshot.steps
        }
        if states == self._states:
            return
        self._states = states
        with self._wake:
            self._next = (snapshot, places)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="write-back", daemon=True)
                self._thread.start()
            self._wake.notify()

    def close(self) -> None:
        """Write what is left, and end."""
        with self._wake:
            self._ending = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(_LAST)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._next is not None or self._ending)
                if self._next is None:
                    return
                (snapshot, places), self._next = self._next, None
            for place, form in places.items():
                self._write(snapshot, place, form)

    def _write(self, snapshot: Snapshot, place: str, form: str) -> None:
        try:
            problems = write_back(self._layout, snapshot, place, form).problems
        except (CoordError, OSError) as error:
            said = error.message if isinstance(error, CoordError) else str(error)
            if said not in self._told:
                self._told.add(said)
                remedy = error.remedy if isinstance(error, CoordError) else ""
                data = {"reason": f"{plain(place)} was not written back: {plain(said)}", "remedy": plain(remedy)}
                self._say(Draft("problem.found", "milestone", data))
            return
        for problem in problems:
            about = (problem.code, problem.path, problem.numbers)
            if about not in self._told:
                self._told.add(about)
                subject = f"prompt:{problem.numbers[0]}" if problem.numbers else "milestone"
                self._say(Draft("problem.found", subject, problem.to_json()))
