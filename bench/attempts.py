"""Reading the last attempts of all prompts: beside reading the same records and parsing their JSON, no more."""

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.report import Row, print_rows
from coordinator.lazy.dataclass import replace
from coordinator.model.step import Attempt, Receipt, StepState
from coordinator.model.work import prompt_work
from coordinator.storage.paths import Layout
from coordinator.storage.records import encode
from coordinator.storage.runs import AttemptReader, step_values, write_step

COUNT = 10_000
ROUNDS = 3
AT = "2027-01-15T08:00:00Z"


def main() -> list[Row]:
    """Cold and warm reading of 10,000 attempts, and of one that changed among them."""
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder:
        layout = Layout(Path(folder))
        for number in range(1, COUNT + 1):
            _write(layout, _attempt(number))
        cold, floor = float("inf"), float("inf")
        for _ in range(ROUNDS):  # taken in turns: what slows the machine down meets both
            floor = min(floor, _time(lambda: _read_and_parse(layout)))
            reader = AttemptReader(layout)
            cold = min(cold, _time(reader.refresh))
        assert len(reader.refresh()) == COUNT
        warm = min(_time(reader.refresh) for _ in range(ROUNDS))
        changed = min(_change_one(layout, reader, turn) for turn in range(ROUNDS))
    name = f"{COUNT:,} attempts"
    return [
        Row(f"{name}, first reading", cold, "ms", "reading and parsing", floor, target_ratio=2),
        Row(f"{name}, next reading", warm, "ms", "the first", cold, target_ratio=0.2),
        Row(f"{name}, one changed", changed, "ms", "the first", cold, target_ratio=0.1),
    ]


def _attempt(number: int) -> Attempt:
    agent, branch = f"executor-{number:02d}-1", f"coord/{number:02d}-1"
    made = Attempt(
        prompt_work(number), 1, "run-1", 1, StepState.MERGED, AT, AT, agent, branch=branch, window="@3", pane="%5"
    )
    return replace(made, base="a" * 40, digest="b" * 64, commits=("c" * 40,), merged_as="d" * 40)


def _write(layout: Layout, attempt: Attempt) -> None:
    """What a finished attempt leaves; without the syncs, which would take minutes here."""
    where = layout.attempt(attempt.run, attempt.work, attempt.attempt)
    (where / "started").mkdir(parents=True)
    (where / "started" / "pid").write_text("4711\n")
    (where / "step.json").write_text(json.dumps(step_values(attempt), indent=1))
    (where / "exit.json").write_text(f'{{"status": 0, "at": "{AT}"}}\n')
    receipt = Receipt("done", "Kept the buckets in order, with tests for it.", attempt.agent, AT, ("c" * 40,))
    (where / "receipt.json").write_text(json.dumps(encode(receipt), indent=1))


def _read_and_parse(layout: Layout) -> None:
    """The floor: the same four files of every attempt, found by name."""
    for number in os.listdir(layout.runs / "run-1" / "prompts"):
        where = f"{layout.runs}/run-1/prompts/{number}/attempt-1"
        for name in ("step.json", "exit.json", "receipt.json", "started/pid"):
            with open(f"{where}/{name}", "rb") as stream:
                json.loads(stream.read())


def _change_one(layout: Layout, reader: AttemptReader, turn: int) -> float:
    changed = replace(_attempt(COUNT // 2), reason=f"turn {turn}")
    write_step(layout, changed)
    path = layout.attempt("run-1", changed.work, 1) / "step.json"
    spent = _time(lambda: reader.refresh([path]))
    assert reader.refresh([path])[changed.prompt].reason == changed.reason
    return spent


def _time(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


if __name__ == "__main__":
    print_rows(main())
