"""What short commands cost as whole processes, in processor time, beside a Python that does nothing."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Row, print_rows

PROMPTS = 100
ROUNDS = 25
SHORT = ("why 3", "graph", "log -n 5 --json", "questions", "agents --json", "decide something", "milestone")
"""Commands that people and agents wait for."""
SETTLED = 15.0
"""Seconds within which time stamps must have become old enough to be trusted."""
PROMPT = """\
---
number: {number}
title: Step {number} of a hundred
type: planned
status: pending
dependencies: [{dependencies}]
priority: medium
attempts: 0
commits: []
validation_suites: [unit]
---
## Tasks

- Something worth a paragraph of text, so that the file is as long as a real one.

## Acceptance Criteria

- [ ] It works.
"""


def main() -> list[Row]:
    """Each round runs both, so that a busy moment of the machine hits both; medians."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _project(root)
        coord = [sys.executable, "-m", "coordinator.cli.main", "-C", folder, "status", "--json"]
        _settle(root, coord)
        unchanged = [(_milliseconds(coord), _milliseconds(_NOTHING)) for _ in range(ROUNDS)]
        changed = [(_after_change(root, coord, n), _milliseconds(_NOTHING)) for n in range(1, ROUNDS + 1)]
        short = [_short(coord[:-2], words.split()) for words in SHORT]
    return [
        _row(f"status --json, {PROMPTS} prompts, unchanged", unchanged, 5),
        _row("… the first look after a change", changed, 6),
        *(_row(f"coord {words}", times, 6) for words, times in zip(SHORT, short, strict=True)),
    ]


def _short(coord: list[str], words: list[str]) -> list[tuple[float, float]]:
    return [(_milliseconds([*coord, *words]), _milliseconds(_NOTHING)) for _ in range(ROUNDS)]


_NOTHING = [sys.executable, "-c", "pass"]


def _row(name: str, times: list[tuple[float, float]], target: float | None) -> Row:
    value, floor = (statistics.median(column) for column in zip(*times, strict=True))
    return Row(name, value, "ms", "python -c pass", floor, target_ratio=target)


def _project(root: Path) -> None:
    prompts = root / ".coord/prompts"
    prompts.mkdir(parents=True)
    (root / ".coord/coord.yaml").write_text("runtime: scripted\n")
    for number in range(1, PROMPTS + 1):
        dependencies = ", ".join(str(n) for n in (number - 7, number - 1) if n > 0)
        text = PROMPT.format(number=number, dependencies=dependencies)
        (prompts / f"{number:02d}-planned-step.prompt.md").write_text(text)


def _settle(root: Path, coord: list[str]) -> None:
    """Ask until an answer was kept: not before the files' time stamps are old enough to tell of the next write."""
    deadline = time.monotonic() + SETTLED
    while not list((root / ".coord").glob(".coord-status*")):
        if time.monotonic() > deadline:
            raise SystemExit("the status is never remembered")
        _milliseconds(coord)


def _after_change(root: Path, coord: list[str], number: int) -> float:
    path = root / f".coord/prompts/{number:02d}-planned-step.prompt.md"
    path.write_text(path.read_text().replace("Step", "The step", 1))
    return _milliseconds(coord)


def _milliseconds(argv: list[str]) -> float:
    """Processor time, so that other work of the machine counts little; with compiled modules, as installed ones are."""
    left_out = ("COORD_", "PYTHONDONTWRITEBYTECODE")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    before = os.times()
    subprocess.run(argv, stdout=subprocess.DEVNULL, env=environ, check=True)
    after = os.times()
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return spent * 1000


if __name__ == "__main__":
    print_rows(main())
