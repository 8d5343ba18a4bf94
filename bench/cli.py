"""What `coord status --json` costs as a whole process, beside a Python that does nothing."""

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
    """Measure both processes in turn, so that a busy moment of the machine hits both; medians."""
    with tempfile.TemporaryDirectory() as folder:
        _project(Path(folder))
        coord = [sys.executable, "-m", "coordinator.cli.main", "-C", folder, "status", "--json"]
        nothing = [sys.executable, "-c", "pass"]
        _milliseconds(coord)  # compiles the modules, and lets the reader fill its cache
        times = [(_milliseconds(coord), _milliseconds(nothing)) for _ in range(ROUNDS)]
    value, floor = (statistics.median(column) for column in zip(*times, strict=True))
    return [Row(f"coord status --json, {PROMPTS} prompts", value, "ms", "python -c pass", floor, target_ratio=5)]


def _project(root: Path) -> None:
    prompts = root / ".coord/prompts"
    prompts.mkdir(parents=True)
    (root / ".coord/coord.yaml").write_text("runtime: scripted\n")
    for number in range(1, PROMPTS + 1):
        dependencies = ", ".join(str(n) for n in (number - 7, number - 1) if n > 0)
        text = PROMPT.format(number=number, dependencies=dependencies)
        (prompts / f"{number:02d}-planned-step.prompt.md").write_text(text)


def _milliseconds(argv: list[str]) -> float:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COORD_")}
    start = time.perf_counter()
    subprocess.run(argv, stdout=subprocess.DEVNULL, env=environ, check=True)
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    print_rows(main())
