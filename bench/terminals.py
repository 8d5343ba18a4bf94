"""What it costs to see many agents live, beside what tmux itself takes, on a server of our own with real panes."""

import contextlib
import functools
import os
import re
import secrets
import select
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.report import Row, print_rows
from coordinator.model.pane_screen import Screen
from coordinator.processes.terminate import terminate_agent
from coordinator.terminals import screen
from coordinator.terminals.capture import read_panes
from coordinator.terminals.control import ControlClient, Read
from coordinator.terminals.errors import TerminalError
from coordinator.terminals.feed import PaneFeed
from coordinator.terminals.server import Terminals

PANES = 50
QUIET_PANES = 200
IN_SIGHT = 12
LINES = 60
"""Lines whose way to the screen is measured."""
WATCHED = 5.0
"""Seconds over which processor time is counted."""

_WRITER = """\
import os, sys, time
rate, paths = float(sys.argv[1]), sys.argv[2:]
line = "\\033[32mline\\033[0m of some length at <%.6f> with \\033[1;38;5;208mcolours\\033[0m\\n"
pipes = [os.open(path, os.O_WRONLY) for path in paths]
while True:
    for pipe in pipes:
        os.write(pipe, (line % time.monotonic()).encode())
    time.sleep(1 / rate)
"""
_STAMP = re.compile(r"<(\d+\.\d+)>")


def main() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, _server() as terminals:
        panes = _open(terminals, Path(folder), PANES)
        pipes = [Path(folder) / pane for pane in panes]
        return [
            *_reading(terminals, panes),
            *_latency_when_quiet(terminals, panes, pipes[0]),
            *_latency_when_busy(terminals, panes[:4], pipes[:4]),
            *_cost_when_busy(terminals, panes, pipes),
            *_parsing(),
            *_starting(terminals, Path(folder)),
            *_many(terminals, Path(folder)),
            _ending(Path(folder)),
        ]


@contextlib.contextmanager
def _server() -> Iterator[Terminals]:
    terminals = Terminals(f"coord-bench-{os.getpid()}-{secrets.token_hex(3)}", "coord")
    terminals.ensure_session()
    try:
        yield terminals
    finally:
        with contextlib.suppress(TerminalError):
            terminals.run("kill-server")
        Path(terminals.socket_path).unlink(missing_ok=True)


def _open(terminals: Terminals, folder: Path, count: int) -> list[str]:
    """Windows that print what is written into a pipe named after their pane, each with a screen full of text."""
    script = 'mkfifo "$TMUX_PANE"; for n in $(seq 48); do printf "\\033[3${n#?}mline %d\\033[0m with text\\n" $n; done;'
    script += ' exec cat 0<>"$TMUX_PANE"'
    opened = [
        terminals.open_window(["sh", "-c", script], cwd=folder, name=f"p-{n}", env={}, mark={"agent": f"p-{n}"})
        for n in range(count)
    ]
    _wait(lambda: all("line 48" in s.plain() for s in read_panes(terminals, [w.pane for w in opened]).values()))
    return [window.pane for window in opened]


def _reading(terminals: Terminals, panes: list[str]) -> list[Row]:
    """One look at all panes, by four ways."""
    raw = [["tmux", "-L", terminals.socket_name, "capture-pane", "-e", "-p", "-t", pane] for pane in panes]
    single = _median(5, lambda: [subprocess.run(command, capture_output=True, check=True) for command in raw])
    joined = ["tmux", "-L", terminals.socket_name]
    for command in raw:
        joined += [*command[3:], ";"]
    floor = _median(9, lambda: subprocess.run(joined[:-1], capture_output=True, check=True))
    client = ControlClient(terminals)
    try:
        controlled = _median(9, lambda: _read_by(client, panes))
    finally:
        client.close()
    plainly = _median(9, lambda: read_panes(terminals, panes))
    name = "one process, captures joined, not parsed"
    return [
        Row(f"look at {PANES} panes, a process each, not parsed", single, "ms", name, floor),
        Row(f"look at {PANES} panes without control mode", plainly, "ms", name, floor, target_ratio=2.5),
        Row(f"look at {PANES} panes by control mode", controlled, "ms", name, floor, target_ratio=2.5),
    ]


def _read_by(client: ControlClient, panes: list[str]) -> None:
    client.read(panes)
    left = len(panes)
    while left:
        select.select([client], [], [])
        left -= sum(isinstance(notice, Read) for notice in client.notices())


def _latency_when_quiet(terminals: Terminals, panes: list[str], pipe: Path) -> list[Row]:
    """A line in the pane in focus, after a rest, until the callback has it parsed."""
    seen = threading.Event()
    expected = ""

    def on_screen(pane: str, shown: Screen) -> None:
        if expected and expected in shown.plain():
            seen.set()

    times = []
    with _feed(terminals, on_screen, panes[:IN_SIGHT]), open(pipe, "wb", buffering=0) as line:
        for n in range(LINES):
            time.sleep(0.05)  # the rest
            expected = f"line {secrets.token_hex(4)}"
            seen.clear()
            start = time.perf_counter()
            line.write(f"{expected}\n".encode())
            if not seen.wait(5):
                raise SystemExit(f"line {n} never came")
            times.append((time.perf_counter() - start) * 1000)
    command = ["tmux", "-L", terminals.socket_name, "capture-pane", "-e", "-p", "-t", panes[0]]
    floor = _median(20, lambda: subprocess.run(command, capture_output=True, check=True))
    name = "one capture by a process"
    p50, p95 = statistics.median(times), _p95(times)
    return [
        Row(f"a line → callback, in focus, {PANES} panes alive, p50", p50, "ms", name, floor, target_value=8),
        Row(f"a line → callback, in focus, {PANES} panes alive, p95", p95, "ms", name, floor, target_value=8),
    ]


def _latency_when_busy(terminals: Terminals, panes: list[str], pipes: list[Path]) -> list[Row]:
    """Lines of four panes that all print 50 a second: those of the pane in focus."""
    late: dict[str, float] = {}

    def on_screen(pane: str, shown: Screen) -> None:
        now = time.monotonic()
        if pane == panes[0]:
            for stamp in _STAMP.findall(shown.plain()):
                late.setdefault(stamp, now - float(stamp))

    with _writing(50, pipes), _feed(terminals, on_screen, panes):
        _wait(lambda: len(late) > 60)  # those on the screen at the start came late for no fault of the feed
        late = dict.fromkeys(late, 0.0)
        known = len(late)
        _wait(lambda: len(late) > known + 100)
    times = [seconds * 1000 for seconds in late.values() if seconds]
    return [
        Row("a line → callback, in focus, 4 busy panes, p50", statistics.median(times), "ms", target_value=40),
        Row("a line → callback, in focus, 4 busy panes, p95", _p95(times), "ms", target_value=40),
    ]


def _cost_when_busy(terminals: Terminals, panes: list[str], pipes: list[Path]) -> list[Row]:
    shown = 0

    def on_screen(pane: str, screen: Screen) -> None:
        nonlocal shown
        shown += 1

    with _writing(10, pipes), _feed(terminals, on_screen, panes[:IN_SIGHT]):
        _wait(lambda: shown > IN_SIGHT)
        ours, theirs = _processor_time(terminals)
    name = f"{PANES} panes at 10 lines/s, {IN_SIGHT} in sight"
    return [
        Row(f"{name}: our processor", ours, "%", target_value=20),
        Row(f"{name}: tmux's processor", theirs, "%"),
    ]


def _parsing() -> list[Row]:
    """A screen of 200×50 with a colour change every 20 columns, never seen before; then the same again."""
    captures = []
    for n in range(20):
        cells = (f"\x1b[38;5;{(7 * k + n) % 256}mtext {secrets.token_hex(7)} \x1b[0m" for k in range(500))
        captures.append("\n".join("".join(next(cells) for _ in range(10)) for _ in range(50)))
    cold, warm = (
        statistics.median(_cpu(functools.partial(screen.parse, capture, 200, 50)) for capture in captures)
        for _ in range(2)
    )
    return [
        Row("parse 200×50, 500 runs, all new", cold, "ms", target_value=4),
        Row("parse 200×50, 500 runs, nothing new", warm, "ms", target_value=0.4),
    ]


def _starting(terminals: Terminals, folder: Path) -> list[Row]:
    """From asking for a window to the first instruction of its program."""

    def ours(flag: Path) -> None:
        terminals.open_window(["mkdir", str(flag)], cwd=folder, name="s", env={}, mark={"agent": "s"})

    def raw(flag: Path) -> None:
        command = ["tmux", "-L", terminals.socket_name, "new-window", "-d", "-t", "coord:", "mkdir", str(flag)]
        subprocess.run(command, check=True)

    times: dict[str, list[float]] = {}
    for start in (raw, ours, raw, ours):
        for n in range(20):
            flag = folder / f"{start.__name__}-{len(times)}-{n}-{secrets.token_hex(2)}"
            begin = time.perf_counter()
            start(flag)
            _wait(flag.exists, pause=0.0002)
            times.setdefault(start.__name__, []).append((time.perf_counter() - begin) * 1000)
    for window in terminals.windows():
        if window.name in ("s", "mkdir"):
            terminals.kill_window(window.id)
    value, floor = statistics.median(times["ours"]), statistics.median(times["raw"])
    return [Row("open a window → its program runs", value, "ms", "tmux new-window", floor, target_ratio=2)]


def _many(terminals: Terminals, folder: Path) -> list[Row]:
    """With 200 quiet panes: what listing takes, and what watching costs."""
    panes = _open(terminals, folder, QUIET_PANES - PANES)
    raw = ["tmux", "-L", terminals.socket_name, "list-panes", "-a", "-F", "#{window_id} #{pane_id}"]
    floor = _median(20, lambda: subprocess.run(raw, capture_output=True, check=True))
    listed = _median(20, terminals.windows)
    with _feed(terminals, lambda pane, screen: None, panes[:IN_SIGHT]):
        ours, theirs = _processor_time(terminals)
    return [
        Row(f"list {QUIET_PANES} windows", listed, "ms", "tmux list-panes -a", floor, target_ratio=3),
        Row(f"{QUIET_PANES} quiet panes, {IN_SIGHT} in sight: our processor", ours, "%", target_value=0.5),
        Row(f"{QUIET_PANES} quiet panes, {IN_SIGHT} in sight: tmux's processor", theirs, "%"),
    ]


def _ending(folder: Path) -> Row:
    """A detached process that ignores every polite signal."""
    stubborn = "trap '' HUP INT TERM; touch stubborn; while :; do sleep 1000; done"
    environ = {**os.environ, "COORD_AGENT": "executor-01-1", "COORD_ROOT": str(folder)}
    child = subprocess.Popen(["setsid", "sh", "-c", stubborn], cwd=folder, env=environ)
    _wait((folder / "stubborn").exists)
    threading.Thread(target=child.wait).start()
    start = time.perf_counter()
    ended = terminate_agent("executor-01-1", folder)
    assert not ended.survivors
    return Row("end a detached process that ignores HUP and TERM", time.perf_counter() - start, "s", target_value=5)


# -- tools ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _feed(terminals: Terminals, on_screen: Callable[[str, Screen], None], panes: list[str]) -> Iterator[None]:
    first = set[str]()

    def tell(pane: str, shown: Screen) -> None:
        first.add(pane)
        on_screen(pane, shown)

    feed = PaneFeed(terminals, tell)
    feed.show(panes, panes[0])
    try:
        _wait(lambda: feed.by_control and len(first) == len(panes))
        yield
    finally:
        feed.stop()


@contextlib.contextmanager
def _writing(rate: float, pipes: list[Path]) -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(rate), *map(str, pipes)]) as writer:
        try:
            yield
        finally:
            writer.terminate()


def _processor_time(terminals: Terminals) -> tuple[float, float]:
    """Per cent of one core that we and tmux take."""
    server = terminals.run("display-message", "-p", "#{pid}").decode().strip()
    start, ours, theirs = time.monotonic(), time.process_time(), _ticks(server)
    time.sleep(WATCHED)
    passed = time.monotonic() - start
    return (time.process_time() - ours) / passed * 100, (_ticks(server) - theirs) / passed * 100


def _ticks(pid: str) -> float:
    """Seconds of processor time of another process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _median(times: int, action: Callable[[], object]) -> float:
    """Milliseconds of the median of some runs, after one that doesn't count."""
    action()
    return statistics.median(_timed(action, time.perf_counter) for _ in range(times))


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _cpu(action: Callable[[], object]) -> float:
    return _timed(action, time.process_time)


def _timed(action: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    action()
    return (clock() - start) * 1000


def _wait(predicate: Callable[[], bool], *, pause: float = 0.01, bound: float = 30.0) -> None:
    deadline = time.monotonic() + bound
    while not predicate():
        if time.monotonic() > deadline:
            raise SystemExit("the measurement does not come to an end")
        time.sleep(pause)


if __name__ == "__main__":
    print_rows(main())
