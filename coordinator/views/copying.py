"""What can be copied of a thing, each under its key. Pure; whoever copies takes secrets and controls out."""

import json

from coordinator.lazy.typing import NamedTuple
from coordinator.model.change import ChangePage
from coordinator.model.event import Event
from coordinator.model.pane_screen import Screen
from coordinator.model.prompt import Prompt
from coordinator.model.snapshot import Agent, Snapshot
from coordinator.model.step import Attempt
from coordinator.model.text import amount, clip, plain
from coordinator.views.event_text import describe

KEYS = "ntpbwcilsx"
"""Every key that something to copy may have: none of those that lists move by."""


class Copy(NamedTuple):
    """Something to copy, and the key that takes it."""

    key: str
    name: str
    text: str

    @property
    def words(self) -> str:
        """What it is, on one line: the text itself, or how long that is."""
        lines = self.text.strip("\n").count("\n") + 1
        return plain(self.text) if lines == 1 else amount(lines, "line")

    def said(self, copied: str) -> str:
        """The sentence that tells what was copied."""
        return f"Copied {self.name}: {clip(self._replace(text=copied).words, 60)}"


def of_prompt(prompt: Prompt, attempt: Attempt | None) -> tuple[Copy, ...]:
    """A prompt, with where its last attempt worked and what came of it."""
    made = (attempt.merged_as, *attempt.commits[-1:]) if attempt is not None else ()
    return _there(
        Copy("n", "number", prompt.label),
        Copy("t", "title", prompt.title),
        Copy("p", "path", prompt.path),
        Copy("b", "branch", attempt.branch if attempt is not None else ""),
        Copy("w", "worktree", attempt.worktree if attempt is not None else ""),
        Copy("c", "commit", next(filter(None, (*made, *prompt.commits[-1:])), "")),
        Copy("x", "text", prompt.source.decode("utf-8", "replace")),
    )


def of_agent(agent: Agent, snapshot: Snapshot, screen: Screen | None) -> tuple[Copy, ...]:
    """An agent: its name, where it works, what it said last and what its window shows."""
    attempt = snapshot.of_agent(agent)
    return _there(
        Copy("i", "agent", agent.id),
        Copy("n", "number", f"{agent.prompt:02d}" if agent.prompt is not None else ""),
        Copy("b", "branch", attempt.branch if attempt is not None else ""),
        Copy("w", "worktree", attempt.worktree if attempt is not None else ""),
        Copy("c", "commit", attempt.commits[-1] if attempt is not None and attempt.commits else ""),
        Copy("l", "last words", agent.doing),
        Copy("s", "screen", screen.plain().rstrip() if screen is not None else ""),
    )


def of_event(event: Event) -> tuple[Copy, ...]:
    """An event: as a sentence, and all that the log says about it."""
    whole = {"seq": event.seq, "kind": event.kind, "subject": event.subject, "actor": event.actor, "ts": event.ts}
    return _there(
        Copy("n", "number", str(event.seq)),
        Copy("t", "sentence", describe(event).text),
        Copy("i", "id", event.id),
        Copy("x", "data", json.dumps({**whole, "data": dict(event.data)}, ensure_ascii=False, indent=2)),
    )


def of_change(page: ChangePage, path: str, line: str) -> tuple[Copy, ...]:
    """A change under review, with the file and the line under the cursor."""
    return _there(
        Copy("n", "number", f"{page.number:02d}"),
        Copy("t", "title", page.title),
        Copy("p", "path", path),
        Copy("l", "line", line),
        Copy("b", "branch", page.change.branch),
        Copy("w", "worktree", page.attempt.worktree),
        Copy("c", "commit", page.change.tip),
        Copy("x", "diff", page.diff),
    )


def of_page(title: str, text: str) -> tuple[Copy, ...]:
    """A text that is read."""
    return _there(Copy("t", "title", title), Copy("x", "text", text))


def _there(*copies: Copy) -> tuple[Copy, ...]:
    return tuple(
        copy if copy.key in "xs" else copy._replace(text=plain(copy.text)) for copy in copies if copy.text.strip()
    )
