"""What stays of conversations with the coordinator, a file a user and project: who said what, and what it used.

It lies outside of the project, in the user's own state, readable for them alone; secrets are taken out before.
"""

import json
import os
from pathlib import Path

from coordinator.client.opening import Project
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Any
from coordinator.safefiles.regular import open_to_append, read_end, read_part, replace_file
from coordinator.secrets.redaction import redact
from coordinator.storage.user_state import state_folder

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
        found = self._usage().get(milestone)
        try:
            return Used(int(found["tokens"]), float(found["cost"])) if isinstance(found, dict) else Used()
        except (KeyError, TypeError, ValueError, OverflowError):
            return Used()

    def use(self, milestone: str, tokens: int, cost: float | None) -> None:
        """Add what a request used."""
        all_used, before = self._usage(), self.used(milestone)
        now = {"tokens": before.tokens + tokens, "cost": round(before.cost + (cost or 0.0), 6)}
        all_used.pop(milestone, None)
        kept = dict([*all_used.items(), (milestone, now)][-100:])
        try:
            self._make()
            replace_file(self._folder / "usage.json", json.dumps(kept).encode(), 0o600)
        except OSError:
            return

    def _usage(self) -> dict[str, Any]:
        try:
            found = json.loads(read_part(self._folder / "usage.json", _LIMIT, follow=False))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _make(self) -> None:
        os.makedirs(self._folder, mode=0o700, exist_ok=True)

    def _shorten(self, path: Path) -> None:
        if path.exists() and path.stat().st_size > _MOST:
            _, _, newer = read_end(path, _MOST // 2, follow=False).partition(b"\n")
            replace_file(path, newer, 0o600)


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
    from hashlib import sha256

    return state_folder() / "chat" / sha256(os.fsencode(os.path.realpath(root))).hexdigest()[:24]
