"""Every reader of what agents leave, before everything that can stand in the place of a file: an answer, at once."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coordinator.agents.codex import RUNTIME as CODEX
from coordinator.agents.gemini import RUNTIME as GEMINI
from coordinator.agents.jsonl_tail import Tail, end_of, first_record, read_json_file
from coordinator.agents.presence import agent_process
from coordinator.agents.runtime import Said
from coordinator.agents.stall_record import read_stuck, write_stuck
from coordinator.agents.usage import read_usage, write_usage
from coordinator.changes.last_change import last_change
from coordinator.errors import CoordError
from coordinator.loop.monitors.activity import note
from coordinator.model.snapshot import AgentState
from coordinator.model.stuck import Cause, Stuck
from coordinator.model.work import prompt_work
from coordinator.safefiles.regular import open_to_append, read_end, read_part, replace_file
from coordinator.storage.attempts import load_attempt
from coordinator.storage.files import digest_of, read_limited
from coordinator.storage.paths import Layout

BOUND = 10.0
"""Seconds that an answer may take on a busy machine."""


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 10 << 30)


def unreadable(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0)


THINGS: dict[str, Callable[[Path], None]] = {
    "pipe": lambda path: os.mkfifo(path),
    "folder": lambda path: path.mkdir(),
    "endless device": lambda path: path.symlink_to("/dev/zero"),
    "terminal": lambda path: path.symlink_to("/dev/tty"),
    "link to itself": lambda path: path.symlink_to(path),
    "huge file": sparse,
    "unreadable file": unreadable,
}


def attempt(path: Path) -> None:
    layout = Layout(path.parent)
    where = layout.attempt("run-1", prompt_work(1), 1)
    where.mkdir(parents=True)
    for name in ("step.json", "exit.json", "receipt.json"):
        path.rename(where / name) if name == "step.json" else (where / name).symlink_to(where / "step.json")
    load_attempt(layout, "run-1", prompt_work(1), 1)


READERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "limited": ("f", lambda path: read_limited(path, 1000)),
    "digest": ("f", digest_of),
    "part": ("f", lambda path: read_part(path, 1000)),
    "end": ("f", lambda path: read_end(path, 1000)),
    "append": ("f", lambda path: os.close(open_to_append(path))),
    "replace": ("f", lambda path: replace_file(path, b"new")),
    "status.jsonl": ("status.jsonl", end_of),
    "a line for status.jsonl": ("status.jsonl", lambda path: note(path.parent, Said(AgentState.IDLE), 1.0, "screen")),
    "usage.json": ("usage.json", lambda path: read_usage(path.parent)),
    "new usage.json": ("usage.json", lambda path: write_usage(path.parent, read_new_usage())),
    "stuck.json": ("stuck.json", lambda path: read_stuck(path.parent)),
    "new stuck.json": ("stuck.json", lambda path: write_stuck(path.parent, Stuck(next(iter(Cause)), 1.0, ""))),
    "session": ("s.jsonl", lambda path: Tail(path).read()),
    "first line of a session": ("s.jsonl", first_record),
    "settings of a CLI": ("settings.json", read_json_file),
    "trust of codex": ("config.toml", lambda path: CODEX.distrust(path.parent, {"CODEX_HOME": str(path.parent)})),
    "trust of gemini": (
        "settings.json",
        lambda path: GEMINI.distrust(path.parent, {"GEMINI_CLI_HOME": str(path.parent.parent)}),
    ),
    "process": ("started/agent", lambda path: agent_process(str(path.parent.parent))),
    "worktree": (".git", lambda path: last_change(str(path.parent))),
    "records of an attempt": ("f", attempt),
}


def read_new_usage() -> Any:
    from coordinator.agents.runtime import Usage

    return Usage(3, 0.1)


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("reader", READERS)
def test_whatever_stands_in_the_place_of_a_file_nobody_waits_for_it(tmp_path: Path, reader: str, thing: str) -> None:
    name, read = READERS[reader]
    path = tmp_path / ".gemini" / name
    path.parent.mkdir(parents=True)
    THINGS[thing](path)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            read(path)
        except (OSError, CoordError):
            pass
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(BOUND)
    assert not thread.is_alive()
    assert raised == []


def test_a_session_that_grows_as_fast_as_it_is_read_is_left_for_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    line = b'{"a":1}' + b" " * 1000 + b"\n"
    path.write_bytes(line * 100_000)  # 100 MB: more than is read at a look
    tail = Tail(path)
    first = len(tail.read())
    assert 0 < first < 100_000
    assert first + len(tail.read()) == 100_000


def test_a_line_that_is_longer_than_a_piece_does_not_keep_the_next_one_from_being_read(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(b"x" * (9 << 20) + b'\n{"a":1}\n')
    assert Tail(path).read() == [{"a": 1}]
