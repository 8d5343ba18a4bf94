"""Runs on disk: `run.json`, `loop.json`, and the records in an attempt's directory."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any
from coordinator.model.problem import Problem
from coordinator.model.run import LoopAsk, Run
from coordinator.model.step import Attempt, Receipt
from coordinator.safefiles.regular import read_line
from coordinator.secrets.redaction import redact_data
from coordinator.storage.attempts import AttemptReader, read_exit, read_receipt, run_ids, run_number
from coordinator.storage.files import is_held, make_folder
from coordinator.storage.paths import Layout
from coordinator.storage.records import BadRecord, decode, encode, read_json, record_problem, write_json

__all__ = [
    "AttemptReader",
    "all_runs",
    "current_run",
    "folder_of_run",
    "loop_is_alive",
    "loop_process",
    "new_run",
    "read_attempts",
    "read_exit",
    "read_loop",
    "read_receipt",
    "run_ids",
    "sign_loop",
    "step_values",
    "unfinished_run",
    "write_loop",
    "write_receipt",
    "write_run",
    "write_step",
]

_STATES = ("running", "paused", "stopped")


def read_attempts(layout: Layout, cache: AttemptReader | None = None) -> Mapping[int, Attempt]:
    """The last attempt of each prompt, over all runs. `cache`: a reader that has looked before."""
    return (cache or AttemptReader(layout)).refresh()


def write_step(layout: Layout, attempt: Attempt, *, new: bool = False) -> None:
    """Write an attempt's `step.json`, durable. With `new`, StalePlan when that attempt was claimed already."""
    path = layout.attempt(attempt.run, attempt.work, attempt.attempt) / "step.json"
    write_json(path, redact_data(step_values(attempt)), new=new)


def step_values(attempt: Attempt) -> dict[str, Any]:
    """What `step.json` tells of an attempt; the rest lies beside it."""
    return attempt.work.record | encode(attempt, skip=("work", "exit", "receipt", "directory", "pid"))


def write_receipt(directory: Path, receipt: Receipt) -> None:
    """Write down what an attempt handed off, as its event tells it; an equal one stays as it is."""
    if read_receipt(directory) != receipt:
        write_json(directory / "receipt.json", encode(receipt))


def new_run(layout: Layout, milestone: str, **more: Any) -> str:
    """Open a run with the next free id and return the id; two callers at once get two runs.

    `more`: further fields of `Run`.
    """
    make_folder(str(layout.runs))
    number = max((run_number(name) for name in run_ids(layout)), default=0) + 1
    while True:
        run_id = f"run-{number}"
        try:
            os.mkdir(layout.run(run_id))
        except FileExistsError:
            number += 1
            continue
        write_run(layout, Run(run_id, milestone, **more))
        return run_id


def write_run(layout: Layout, run: Run) -> None:
    write_json(layout.run(run.id) / "run.json", encode(run))


def current_run(layout: Layout) -> Run | None:
    """The newest run; None before the first. Its state is `unknown` when its record can't be read."""
    return next((run for run_id in reversed(run_ids(layout)) if (run := _read_run(layout, run_id))), None)


def all_runs(layout: Layout) -> list[Run]:
    """Every run, the oldest first; those whose record can't be read are of state `unknown`."""
    return [run for run_id in run_ids(layout) if (run := _read_run(layout, run_id))]


def _read_run(layout: Layout, run_id: str) -> Run | None:
    try:
        values = read_json(str(layout.run(run_id) / "run.json"))
        return None if values is None else decode(Run, values, id=run_id)
    except BadRecord:
        return Run(run_id, state="unknown")


def unfinished_run(layout: Layout) -> Run | None:
    """The newest run, if it has not ended or nobody can tell."""
    run = current_run(layout)
    return None if run is None or run.state == "ended" else run


def folder_of_run(layout: Layout, run_id: str) -> str:
    """The prompts folder that a run recorded; empty where it did not."""
    with suppress(BadRecord):
        values = read_json(str(layout.run(run_id) / "run.json"))
        return str((values or {}).get("prompts") or "")
    return ""


def read_loop(layout: Layout) -> tuple[LoopAsk, Problem | None]:
    """What is asked of the loop. An unreadable `loop.json` asks for a pause, and is a problem."""
    path = layout.loop_json
    try:
        values = read_json(str(path))
        if values is None:
            return LoopAsk(), None
        ask = decode(LoopAsk, values)
        if ask.state not in _STATES:
            raise BadRecord(f"`state` must be one of {', '.join(_STATES)}")
        if ask.max_parallel is not None and ask.max_parallel < 1:
            raise BadRecord("`max_parallel` must be at least 1")
    except BadRecord as error:
        shown = layout.rel(path)
        problem = replace(record_problem(shown, error), remedy="`coord resume` writes it anew")
        return LoopAsk("paused", reason=f"{shown} can't be read"), problem
    return ask, None


def write_loop(layout: Layout, ask: LoopAsk) -> None:
    write_json(layout.loop_json, encode(ask) | {"state": ask.state})


def loop_is_alive(layout: Layout) -> bool:
    """A loop process holds the lock."""
    return is_held(layout.loop_lock)


def sign_loop(layout: Layout) -> None:
    """Say that this process, which holds the lock, is through with what can keep a loop from starting."""
    fd = os.open(layout.loop_lock, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        os.write(fd, f"{os.getpid()}\n".encode())
    finally:
        os.close(fd)


def loop_process(layout: Layout) -> int | None:
    """The process that signed last, alive or not; None before the first."""
    try:
        return int(read_line(layout.loop_lock))
    except (OSError, ValueError):
        return None
