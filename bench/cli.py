"""What short commands cost as whole processes, in processor time, beside a Python that does nothing."""

import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.report import Row, print_rows
from bench.stage import Stage, stage

PROMPTS = 100
AGENTS = 3
ROUNDS = 11
TARGET = 6
SHORT = (
    "status",
    "why 30",
    "graph",
    "agents --json",
    "log -n 5 --json",
    "questions",
    "milestone",
    "intent show",
    "validate",
    "runs",
    "review",
    "trust",
    "clean --dry-run",
    "decide something",
    "ask something",
    "link https://forge.example/issues/7",
    "pause",
    "resume",
    "tell 1 something",
    "permit 2 --allow",
    "interject --title X --after 30 --before 40 --dry-run",
    "patch --title X --fixes 30 --dry-run",
    "edit 30 --set priority=high --dry-run",
    "kill 3 --dry-run",
    "restart 3 --dry-run",
    "surgery --keep 30 --dry-run",
    "cancel 30 --dry-run",
    "undo --dry-run",
)
"""Commands that people and agents wait for. What is refused here, such as a permission that nobody asks for, has looked
at everything before."""
HAND_OFFS = 9
SETTLED = 15.0
"""Seconds within which time stamps must have become old enough to be trusted."""
_MEASURED = """\
import os, resource, subprocess, sys
for words in (sys.argv[2:], [sys.executable, "-c", "pass"]):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    with open(sys.argv[1], "a") as times:
        print(spent * 1000, file=times)
"""


def main() -> list[Row]:
    """Each round runs a command and a Python that does nothing, so that a busy moment hits both; medians."""
    with stage(PROMPTS) as shown:
        _prepare(shown)
        environ = _environ(shown.project.environment())
        unchanged = [_pair(shown, environ, "status --json") for _ in range(ROUNDS)]
        changed = [_after_change(shown, environ, number) for number in range(1, ROUNDS + 1)]
        answers = [_answer(shown, environ, number) for number in range(ROUNDS)]
        short = [[_pair(shown, environ, words) for _ in range(ROUNDS)] for words in SHORT]
    return [
        _row(f"status --json, {PROMPTS} prompts, unchanged", unchanged, 5),
        _row("… the first look after a change", changed, TARGET),
        _row("coord answer 7 something", answers, TARGET),
        *(_row(f"coord {words}", times, TARGET) for words, times in zip(SHORT, short, strict=True)),
        _row("coord agent done, with the git that it runs", _hand_offs(), None),
    ]


def _row(name: str, times: list[tuple[float, float]], target: float | None) -> Row:
    value, floor = (statistics.median(column) for column in zip(*times, strict=True))
    return Row(name, value, "ms", "python -c pass", floor, target_ratio=target)


def _prepare(shown: Stage) -> None:
    """Agents at work, a question that is open, an intent, a plan that can be taken back."""
    shown.hire(AGENTS)
    for words in (
        ("trust", "--yes"),
        ("ask", "Which?"),
        ("intent", "set", "--goal", "All of it works", "--criterion", "Nobody waits"),
        ("interject", "--title", "One more", "--after", "50", "--yes"),
    ):
        shown.project.coord(*words)
    deadline = time.monotonic() + SETTLED
    while not list((shown.layout.root / ".coord").glob(".coord-status*")):  # not before time stamps are old enough
        if time.monotonic() > deadline:
            raise SystemExit("the status is never remembered")
        shown.project.coord("status", "--json")


def _pair(shown: Stage, environ: Mapping[str, str], words: str) -> tuple[float, float]:
    refused = (0, 1, 3) if words.startswith(("permit", "tell", "kill", "restart", "surgery", "cancel")) else (0,)
    command = _milliseconds([*shown.coord(), *shlex.split(words)], environ, refused)
    return command, _milliseconds([sys.executable, "-c", "pass"], environ)


def _after_change(shown: Stage, environ: Mapping[str, str], number: int) -> tuple[float, float]:
    shown.prompt(50 + number, f"Another title of {number}")
    return _pair(shown, environ, "status --json")


def _answer(shown: Stage, environ: Mapping[str, str], number: int) -> tuple[float, float]:
    asked = json.loads(shown.project.coord("ask", f"Question {number}?", "--json").stdout)
    return _pair(shown, environ, f"answer {asked['seq']} something")


def _hand_offs() -> list[tuple[float, float]]:
    """What agents of a real loop wait for after their commit."""
    from support.project import project

    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder:
        times = Path(folder) / "times"
        measure = shlex.join([sys.executable, "-c", _MEASURED, str(times), "coord", "agent", "done", "--summary", "x"])
        script = f'set -eu\necho "$COORD_PROMPT" >"file-$COORD_PROMPT"\ngit add -A\ngit commit -qm Work\n{measure}\n'
        scripts = dict.fromkeys(range(1, HAND_OFFS + 1), script)
        with project(Path(folder), {n: [n - 1] if n > 1 else [] for n in scripts}, scripts) as made:
            made.coord("trust", "--yes")
            if made.run_loop() != 0:
                raise SystemExit(f"the loop did not do its work: {made.said()}")
        found = [float(line) for line in times.read_text().split()]
    return list(zip(found[::2], found[1::2], strict=True))


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    """With compiled modules, as installed ones are."""
    return {name: value for name, value in environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _milliseconds(argv: Sequence[str], environ: Mapping[str, str], fine: tuple[int, ...] = (0,)) -> float:
    """Processor time, so that other work of the machine counts little."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None if len(fine) == 1 else subprocess.DEVNULL,
        env=environ,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in fine:
        raise SystemExit(f"{shlex.join(argv)} ended with {process.returncode}")
    return (used.ru_utime + used.ru_stime) * 1000


if __name__ == "__main__":
    print_rows(main())
