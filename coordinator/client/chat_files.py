"""What stays of conversations with the coordinator, a file a user and project: who said what, and what it used.

It lies outside of the project, in the user's own state, readable for them alone; secrets are taken out before.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from coordinator.client.opening import Project
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Any
from coordinator.model.usage import Spent
from coordinator.safefiles.regular import open_to_append, read_end, read_part, replace_file
from coordinator.secrets.redaction import redact
from coordinator.storage.paths import state_folder

_MOST = 1024 * 1024
"""Bytes of the conversations that are kept; the older half goes when there are more."""
_LIMIT = 64 * 1024
"""Bytes of what is kept of usage."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said."""

    who: str
    """`engineer` or `coordinator`."""
    text: str
    at: str
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Used:
    """What the coordinator has used for a milestone."""

    tokens: int = 0
    cost: float = 0.0
    """US dollars, as far as known."""


class ChatFiles:
    """The files of one user and project. What can't be read or written is left: a conversation needs none of it."""

    def __init__(self, project: Project) -> None:
        self._folder = _folder(str(project.layout.root))

    def turns(self, most: int) -> tuple[Turn, ...]:
        """The newest turns, the oldest first."""
        try:
            lines = read_end(self._folder / "turns.jsonl", _MOST, follow=False).splitlines()
        except OSError:
            return ()
        return tuple(turn for line in lines[-most:] if (turn := _turn(line)) is not None)

    def keep(self, turn: Turn) -> None:
        """Add a turn, without its secrets."""
        line = json.dumps({"who": turn.who, "at": turn.at, "text": redact(turn.text)}, ensure_ascii=False) + "\n"
        path = self._folder / "turns.jsonl"
        try:
            self._make()
            self._shorten(path)
            fd = open_to_append(path, 0o600)
            try:
                os.write(fd, line.encode("utf-8", "replace"))
            finally:
                os.close(fd)
        except OSError:
            return

    def used(self, milestone: str) -> Used:
        """What was used for a milestone so far."""
        found = self._usage("usage.json").get(milestone)
        try:
            return Used(int(found["tokens"]), float(found["cost"])) if isinstance(found, dict) else Used()
        except (KeyError, TypeError, ValueError, OverflowError):
            return Used()

    def use(self, milestone: str, tokens: int, cost: float | None, run: str = "") -> None:
        """Add what a request used, for a milestone and, where there is one, for the run that it was made in."""
        all_used, before = self._usage("usage.json"), self.used(milestone)
        now = {"tokens": before.tokens + tokens, "cost": round(before.cost + (cost or 0.0), 6)}
        self._keep("usage.json", all_used, milestone, now, 100)
        if run:
            runs = self._usage("runs.json")
            spent = _spent(runs.get(run)).plus(Spent(tokens, cost))
            self._keep("runs.json", runs, run, spent.told(), 500)

    def in_runs(self) -> Mapping[str, Spent]:
        """What was used in each run, by its id; nothing for runs in which nobody talked."""
        return {run: _spent(told) for run, told in self._usage("runs.json").items()}

    def _usage(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(read_part(self._folder / name, _LIMIT, follow=False))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _keep(self, name: str, before: dict[str, Any], key: str, value: Mapping[str, object], most: int) -> None:
        before.pop(key, None)
        kept = dict([*before.items(), (key, value)][-most:])
        try:
            self._make()
            replace_file(self._folder / name, json.dumps(kept).encode(), 0o600)
        except OSError:
            return

    def _make(self) -> None:
        os.makedirs(self._folder, mode=0o700, exist_ok=True)

    def _shorten(self, path: Path) -> None:
        if path.exists() and path.stat().st_size > _MOST:
            _, _, newer = read_end(path, _MOST // 2, follow=False).partition(b"\n")
            replace_file(path, newer, 0o600)


def _spent(told: object) -> Spent:
    """What a file says that was used; a value of another kind is none."""
    found = told if isinstance(told, dict) else {}
    tokens, cost = found.get("tokens"), found.get("cost_usd")
    return Spent(
        tokens if type(tokens) is int and 0 <= tokens < 10**15 else None,
        float(cost) if isinstance(cost, int | float) and 0 <= cost < 10**9 else None,
    )


def _turn(line: bytes) -> Turn | None:
    try:
        found = json.loads(line)
        who, text, at = found["who"], found["text"], found["at"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if who not in ("engineer", "coordinator") or not isinstance(text, str) or not isinstance(at, str):
        return None
    return Turn(who, text, at)


def _folder(root: str) -> Path:
    from coordinator.formats.digest import sha256

    return state_folder() / "chat" / sha256(os.fsencode(os.path.realpath(root)))[:24]
