"""`coord demo`: the sample project, from its prompts to the finished milestone, on the screen or as progress lines."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from coordinator.cli.report import say, styled
from coordinator.client.demo_project import DemoProject
from coordinator.errors import CoordError
from coordinator.model.decisions import ABOUT, APPLY
from coordinator.model.event import Event
from coordinator.model.snapshot import LoopState, Snapshot
from coordinator.model.step import StepState
from coordinator.model.text import amount, clip
from coordinator.views.event_text import describe

LIMIT = 15 * 60.0
"""Seconds after which a headless demo gives up: ten times what it takes at its default pace."""
WATCHED = "0.8"
"""The pace on the screen: there is time to steer before everything is done."""
_NEXT = (
    ("coord init", "makes .coord/ there: settings, prompts, the event log"),
    ("coord doctor", "says what is missing: tmux, git, the agent CLI, a log-in"),
    ("coord", "opens this screen; a prompt is a file in .coord/prompts"),
)
_STEPS = {
    "step.dispatched": ("start", "blue"),
    "step.change_open": ("change", "magenta"),
    "step.merged": ("merged", "green"),
    "step.failed": ("failed", "red"),
    "step.blocked": ("blocked", "yellow"),
    "step.skipped": ("skipped", "dim"),
    "step.pending": ("again", "yellow"),
}
_ASKED = ("question.asked", "run.asked")
_NOTES = {"decision.recorded": ("decided", "cyan"), **dict.fromkeys(_ASKED, ("asks", "yellow"))}
_SAID = {
    "iteration.phase": ("phase", "blue"),
    "witness.run": ("witness", "cyan"),
    "feedback.filed": ("finding", "yellow"),
    "verdict.given": ("verdict", "cyan"),
    "planner.decided": ("planner", "cyan"),
}
"""What an iteration comes to, in the words of the log."""


def run_demo(headless: bool, keep: Path | None) -> int:
    """Run the demo; exit code 0 when the milestone is done or, on the screen, when it is left."""
    headless = headless or not (sys.stdin.isatty() and sys.stdout.isatty())
    with _orderly_end(), DemoProject(keep, "" if headless else WATCHED) as demo:
        code = _headless(demo) if headless else _on_screen(demo)
        if keep is not None:
            styled([("kept in ", "dim"), (str(demo.layout.root), "bold"), (": go there and run `coord`", "dim")])
    return code


def _on_screen(demo: DemoProject) -> int:
    """Nothing runs before the reader lets it, and a line of the screen leads through what there is to see."""
    from tui.widgets.tour import TOUR

    demo.hold()
    demo.start_loop()
    code = subprocess.run(demo.command(), env=demo.environment() | {TOUR: "demo"}, check=False).returncode
    _what_came_of_it(demo)
    return code


def _what_came_of_it(demo: DemoProject) -> None:
    """What is there at the end, and what can be done next."""
    snapshot = demo.look()
    steps = snapshot.steps.values()
    if snapshot.loop.state is LoopState.FINISHED and snapshot.milestone.status == "done":
        _say_done(snapshot, "")
    else:
        merged = sum(step.state is StepState.MERGED for step in steps)
        styled([("left", "yellow"), (f"  {snapshot.milestone.title}: {merged} of {len(steps)} prompts merged", "")])
    say("Next, in a repository of your own:")
    for command, words in _NEXT:
        styled([(f"  {command:<13}", "bold"), (words, "dim")])


def _headless(demo: DemoProject) -> int:
    styled([("coord demo", "bold"), (f"  {demo.layout.root}", "dim")])
    loop = demo.start_loop("--until-idle")
    progress = Progress(demo)
    for events in demo.follow(LIMIT):
        progress.show(events)
    if loop.poll() is None:
        raise CoordError(f"the demo did not end within {LIMIT / 60:.0f} minutes", "look at it with --keep DIR")
    progress.catch_up()
    return _verdict(demo, progress.elapsed)


def _verdict(demo: DemoProject, elapsed: float) -> int:
    snapshot = demo.look()
    if snapshot.loop.state is LoopState.FINISHED and snapshot.milestone.status == "done":
        _say_done(snapshot, f", in {elapsed:.0f} s")
        return 0
    styled([("not done", "red"), (f"  {demo.last_words()}", "")])
    return 1


def _say_done(snapshot: Snapshot, more: str) -> None:
    merged = f"{len(snapshot.prompts)} prompts merged, {amount(snapshot.iteration, 'iteration')}"
    styled([("done", "green"), (f"  {snapshot.milestone.title}: {merged}{more}", "")])


class Progress:
    """Prints a line for each transition, and answers what is asked as the asker would."""

    def __init__(self, demo: DemoProject) -> None:
        self._demo = demo
        self._titles: Mapping[int, str] = {n: p.title for n, p in demo.look().prompts.items()}
        self._start = time.monotonic()
        self._seen = 0

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._start

    def show(self, events: Iterable[Event]) -> None:
        for event in events:
            self._seen = event.seq
            number = event.prompt
            if event.kind in _STEPS and number is not None:
                word, colour = _STEPS[event.kind]
                reason = str(event.data.get("reason") or "")
                self._line(number, word, colour, self._titles.get(number, ""), reason)
            elif event.kind in _NOTES:
                word, colour = _NOTES[event.kind]
                self._line(number, word, colour, str(event.data.get("text", "")))
            elif event.kind in _SAID:
                word, colour = _SAID[event.kind]
                self._line(None, word, colour, clip(describe(event).text.removeprefix(f"{word}: "), 110))
            if event.kind in _ASKED:
                self._answer(event)
            if event.kind == "prompt.created":
                self._titles = {n: p.title for n, p in self._demo.look().prompts.items()}

    def catch_up(self) -> None:
        """Show what was logged after the last look."""
        self.show(self._demo.events_after(self._seen))

    def _answer(self, asked: Event) -> None:
        about = str(asked.data.get("about") or "")
        default = APPLY if about.startswith(ABOUT) else str(asked.data.get("default") or "")
        if not default:
            return
        done = subprocess.run(
            self._demo.command("answer", str(asked.seq), default),
            env=self._demo.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CoordError(f"the question could not be answered: {done.stderr.strip()}", "try `coord demo` again")
        self._line(asked.prompt, "answer", "yellow", default, "on the screen you would choose")

    def _line(self, number: int | None, word: str, colour: str, text: str, note: str = "") -> None:
        label = f"{number:02d}" if number is not None else "  "
        clock = f"{self.elapsed:6.1f}s  "
        styled([(clock, "dim"), (f"{label}  ", "bold"), (f"{word:<9}", colour), (text, ""), (f"  {note}", "dim")])
        sys.stdout.flush()


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Whatever ends the process ends the demo first: a closed terminal, a kill, C-c."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        say()
        styled([("stopped", "yellow"), ("  everything that the demo started is gone", "dim")])
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
