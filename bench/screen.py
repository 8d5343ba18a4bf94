"""What the screen costs, and how late it is: `coord` itself on a pseudo terminal, measured by the text that it paints.

The project is real files, the agents are real tmux windows; nothing is measured inside the process. Beside each figure
stands an app of Textual with one word in it, on a terminal of the same kind.
"""

import contextlib
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.painted import Painted, processor_seconds
from bench.report import Row, print_rows
from bench.stage import Stage, stage

PROMPTS = 1_000
AGENTS = 50
QUIET_AGENTS = 200
IN_SIGHT = 12
STARTS = 5
SAMPLES = 60
"""Changes and lines whose way to the screen is measured."""
BUSY = 5.0
QUIET = 15.0
"""Seconds over which processor time is counted."""
REST = 0.05
"""Seconds between two changes: each finds the screen at rest."""

_WRITER = """\
import os, sys, time
rate, paths = float(sys.argv[1]), sys.argv[2:]
pipes = [os.open(path, os.O_WRONLY) for path in paths]
line = "\\033[32mline\\033[0m of some length at <%.6f> with \\033[1;38;5;208mcolours\\033[0m\\n"
while True:
    for pipe in pipes:
        os.write(pipe, (line % time.monotonic()).encode())
    time.sleep(1 / rate)
"""
_STAMP = re.compile(rb"<(\d+\.\d{6})>")


def main() -> list[Row]:
    with stage(PROMPTS) as shown:
        rows = _first_picture(shown)
        floor = _floor()
        shown.hire(AGENTS)
        with _coord(shown) as screen:
            rows += _file_to_screen(shown, screen, floor)
            rows += _line_to_screen(shown, screen, floor)
            rows += _busy_line_to_screen(shown, screen)
            rows += _busy_cost(shown, screen)
        rows += _wall(shown)
        shown.hire(QUIET_AGENTS)
        return rows + _quiet_cost(shown)


# ── the first picture


def _first_picture(shown: Stage) -> list[Row]:
    """From the command to the first prompts on the terminal, taken in turns with the app with one word."""
    ours, trivial = [], []
    for _ in range(STARTS):
        with _trivial("hello") as app:
            trivial.append((app.wait_for("hello") - app.began) * 1e3)
        with Painted(shown.coord(), shown.project.environment()) as screen:
            ours.append((screen.wait_for(shown.title(1)) - screen.began) * 1e3)
    value, floor = statistics.median(ours), statistics.median(trivial)
    name = f"{PROMPTS:,} prompts: command → painted"
    return [Row(name, value, "ms", "an app with one word", floor, target_ratio=1.5)]


# ── how late it is


def _file_to_screen(shown: Stage, screen: Painted, floor: float) -> list[Row]:
    """A prompt gets another title, as an editor saves it."""

    def save(token: str) -> None:
        shown.prompt(3, token)

    late = _late(screen, save)
    return _p50_p95(f"a changed file → painted, {PROMPTS:,} prompts", late, floor, 25)


def _line_to_screen(shown: Stage, screen: Painted, floor: float) -> list[Row]:
    """A line in the live window, the other agents quiet."""
    with open(shown.pipes[0], "wb", buffering=0) as pipe:
        late = _late(screen, lambda token: pipe.write(f"{token}\n".encode()))
    return _p50_p95(f"a pane's line → painted, {AGENTS} agents", late, floor, 20)


def _busy_line_to_screen(shown: Stage, screen: Painted) -> list[Row]:
    """Four agents print fifty lines a second each; those of the live window."""
    late: dict[bytes, float] = {}
    with _writing(shown, 4, 50):
        screen.rest(1)
        start, tail = time.monotonic(), b""
        while time.monotonic() < start + BUSY:
            painted, now = tail + screen.next(), time.monotonic()
            for stamp in _STAMP.findall(painted):
                late.setdefault(stamp, (now - float(stamp)) * 1e3)
            tail = painted[-20:]
    times = [ms for stamp, ms in late.items() if float(stamp) > start]
    return _p50_p95("a pane's line → painted, 4 panes at 50/s", times, None, 60)


def _late(screen: Painted, change: Callable[[str], object]) -> list[float]:
    """Milliseconds from each change until the terminal has its new text."""
    late = []
    for _ in range(SAMPLES):
        screen.rest(REST)
        screen.forget()
        token = secrets.token_hex(5)
        start = time.perf_counter()
        change(token)
        late.append((screen.wait_for(token) - start) * 1e3)
    return late


def _floor() -> float:
    """Milliseconds until an app with one word shows another one, which it reads from a pipe; the median."""
    with tempfile.TemporaryDirectory() as folder:
        fifo = Path(folder) / "told"
        os.mkfifo(fifo)
        with _trivial("echo", str(fifo)) as app:
            app.wait_for("hello")
            with open(fifo, "wb", buffering=0) as pipe:
                return statistics.median(_late(app, lambda token: pipe.write(f"{token}\n".encode())))


def _p50_p95(name: str, late: list[float], floor: float | None, target: float) -> list[Row]:
    of = "a word in an app with one" if floor else ""
    p50, p95 = statistics.median(late), statistics.quantiles(late, n=20)[-1]
    return [Row(f"{name}, p50", p50, "ms", of, floor), Row(f"{name}, p95", p95, "ms", of, floor, target_value=target)]


# ── what it costs


def _busy_cost(shown: Stage, screen: Painted) -> list[Row]:
    """Every agent prints ten lines a second; the screen shows the window of one."""
    with _writing(shown, AGENTS, 10):
        screen.rest(1)
        ours, tmux = _cost(screen, shown, BUSY)
    name = f"{AGENTS} agents at 10 lines/s, 1 in sight"
    return [Row(f"{name}: processor", ours, "%", "tmux's own", tmux, target_value=20)]


def _wall(shown: Stage) -> list[Row]:
    """The same with a dozen windows in sight: more than `coord` shows, so it is an app made of its windows."""
    terminals = shown.project.terminals
    panes = [window.pane for window in terminals.windows() if window.mark][:IN_SIGHT]
    command = [sys.executable, "-m", "bench.wall", terminals.socket_name, terminals.session, *panes]
    with Painted(command, _environment()) as wall, _writing(shown, AGENTS, 10):
        wall.wait_for("some length")
        wall.rest(2)
        ours, tmux = _cost(wall, shown, BUSY)
    name = f"{AGENTS} agents at 10 lines/s, {IN_SIGHT} in sight"
    return [Row(f"{name}: processor", ours, "%", "tmux's own", tmux, target_value=20)]


def _quiet_cost(shown: Stage) -> list[Row]:
    """Agents that live and print nothing: what the ages on the screen cost, and looking after processes."""
    with _trivial("clock") as app:
        app.wait_for(":")
        app.rest(1)
        floor = _cost(app, None, QUIET / 3)[0]
    with _coord(shown) as screen:
        ours, _ = _cost(screen, shown, QUIET)
    name = f"{QUIET_AGENTS} quiet agents: processor"
    return [Row(name, ours, "%", "an app with a clock", floor, target_value=0.5)]


def _cost(program: Painted, shown: Stage | None, seconds: float) -> tuple[float, float]:
    """Per cent of a core that a program, and tmux, take over a while."""
    tmux = int(shown.project.terminals.run("display-message", "-p", "#{pid}")) if shown else program.pid
    start, ours, theirs = time.monotonic(), processor_seconds(program.pid), processor_seconds(tmux)
    program.rest(seconds)
    share = 100 / (time.monotonic() - start)
    return (processor_seconds(program.pid) - ours) * share, (processor_seconds(tmux) - theirs) * share


# ── tools


@contextlib.contextmanager
def _coord(shown: Stage) -> Iterator[Painted]:
    """The screen, once it has shown everything and come to rest."""
    with Painted(shown.coord(), shown.project.environment()) as screen:
        screen.wait_for(shown.title(1))
        screen.rest(3)
        yield screen


def _trivial(*words: str) -> Painted:
    return Painted([sys.executable, "-m", "bench.trivial", *words], _environment())


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}


@contextlib.contextmanager
def _writing(shown: Stage, agents: int, rate: float) -> Iterator[None]:
    """Have the first agents print so many lines a second each."""
    pipes = [str(pipe) for pipe in shown.pipes[:agents]]
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(rate), *pipes]) as writer:
        try:
            yield
        finally:
            writer.terminate()


if __name__ == "__main__":
    print_rows(main())
