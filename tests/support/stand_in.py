"""In the place of the coordinator's voice: a process that plays turns from a file, and writes down what it hears.

A turn is a list of messages. It begins with each `say`, `decided`, `retry`, `draft`. What is no message directs it:
`{"until": "cancel"}` waits for such a message, `{"file": PATH}` until there is one, `{"exit": CODE}` ends the process.
"""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.wait import wait_until

from coordinator.model.conversation import Message, to_json

Turn = Sequence[Message | Mapping[str, Any]]
_BEGINS = ("say", "decided", "retry", "draft")
READY = {"type": "ready", "voice": "api", "model": "claude-opus-5"}


class StandIn:
    """What a test says to it beforehand, and what it heard."""

    def __init__(self, folder: Path, *turns: Turn, ready: Sequence[Message | Mapping[str, Any]] = (READY,)) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._script, self._log = folder / "turns.json", folder / "heard.jsonl"
        self._script.write_text(json.dumps([[_plain(one) for one in turn] for turn in (ready, *turns)]))
        self._log.touch()

    @property
    def command(self) -> list[str]:
        tests = Path(__file__).parent.parent
        places = f"import sys; sys.path[:0] = {[str(tests), str(tests.parent)]!r}; "
        run = f"from support.stand_in import play; play({str(self._script)!r}, {str(self._log)!r})"
        return [sys.executable, "-c", places + run]

    def heard(self, kind: str = "") -> list[dict[str, Any]]:
        """What it was told, or only that of a kind."""
        lines = self._log.read_text().splitlines()
        found: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [one for one in found if kind in ("", one["type"])]

    def pid(self) -> int:
        """Of the process that began last."""
        return int(self.heard("begun")[-1]["pid"])

    def wait_heard(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        wait_until(lambda: len(self.heard(kind)) >= count)
        return self.heard(kind)


def _plain(one: Message | Mapping[str, Any]) -> Mapping[str, Any]:
    return one if isinstance(one, Mapping) else to_json(one)


# ── in the process


def play(script: str, log: str) -> None:
    """Be the voice. A process that begins later goes on with the turn that comes next."""
    turns = json.loads(Path(script).read_text())
    with open(log, "a", buffering=1) as heard:
        played = sum(json.loads(line)["type"] in _BEGINS for line in Path(log).read_text().splitlines())
        heard.write(json.dumps({"type": "begun", "pid": os.getpid()}) + "\n")
        _turn(turns[0], heard)
        rest = turns[1 + played :]
        while (message := _next(heard)) is not None and message["type"] != "close":
            if message["type"] in _BEGINS and rest:
                _turn(rest.pop(0), heard)


def _next(heard: Any) -> dict[str, Any] | None:
    line = sys.stdin.readline()
    if not line:
        return None
    heard.write(line)
    found: dict[str, Any] = json.loads(line)
    return found


def _turn(turn: Sequence[Mapping[str, Any]], heard: Any) -> None:
    for one in turn:
        if "exit" in one:
            print("it broke", file=sys.stderr)
            os._exit(one["exit"])
        elif "until" in one:
            while (message := _next(heard)) is not None and message["type"] != one["until"]:
                pass
        elif "file" in one:
            while not os.path.exists(one["file"]):
                time.sleep(0.005)
        else:
            sys.stdout.write(json.dumps(one) + "\n")
            sys.stdout.flush()
