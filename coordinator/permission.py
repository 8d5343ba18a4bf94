"""Answers an agent's permission question, and sends it text: only where its screen shows that it is meant to be so."""

import errno
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from coordinator.agents.evidence import brief
from coordinator.agents.hooks import STATUS, hook_line
from coordinator.agents.records import end_of
from coordinator.agents.runtime import Runtime, find_runtime
from coordinator.agents.screens import dialog_opened
from coordinator.artifacts.paths import Layout
from coordinator.config import Config, load_config
from coordinator.errors import CoordError, Refused, UsageError
from coordinator.events.store import EventLog
from coordinator.model.event import Actor, Draft
from coordinator.model.snapshot import AgentState
from coordinator.model.step import Attempt
from coordinator.model.text import plain
from coordinator.pausing import is_paused
from coordinator.redaction import redact
from coordinator.trust import require_trust

if TYPE_CHECKING:
    from coordinator.terminals.server import Terminals

_TAKEN_BOUND = 5.0
"""Seconds in which the question has to go away once it was answered."""
_LOOK = 0.05
_LOOK_AGAIN = "look at it, and answer that"


def permit(layout: Layout, attempt: Attempt, actor: Actor, *, allow: bool, reason: str = "", seen: str = "") -> str:
    """Allow or deny what an agent asks to do; returns what that was.

    Its waiting hook gets the answer, or else its dialog a key, after a look that the dialog is there. `seen`: what
    whoever answers was shown of the wish. Raises Refused when it asks for nothing now, or for something else than that,
    or when its CLI can't be answered this way; CoordError when the answer had no effect.
    """
    require_trust(layout)
    config = load_config(layout)
    runtime, terminals = _reach(layout, config, attempt)
    directory = layout.attempt(attempt.run, attempt.prompt, attempt.attempt)
    wish = _asked(runtime, terminals, attempt)
    hook = waiting_hook(directory, runtime)
    doing = hook[1] or wish if hook else wish
    if seen and brief(seen) not in (brief(doing), brief(wish)):
        raise Refused(f"{attempt.agent} asks for something else by now: {plain(brief(doing))}", _LOOK_AGAIN)
    with EventLog.open(layout.events_db) as log:  # first of all: it refuses who may not answer
        data = {"prompt": attempt.prompt, "attempt": attempt.attempt, "allowed": allow, "doing": doing}
        data |= {"reason": reason} if reason else {}
        log.append([Draft("permission.answered", f"agent:{attempt.agent}", data)], actor, attempt.run)
    if hook is None or not _answer_hook(hook[0], allow, reason):
        _press(runtime, terminals, attempt, allow, wish)
    _wait_until_taken(runtime, terminals, attempt, wish)
    return doing


def tell(layout: Layout, attempt: Attempt, actor: Actor, text: str) -> bool:
    """Send a message to a running agent; whether its screen showed that it came.

    Raises Refused while a dialog is open, or something typed stands in its composer: it would end up in there.
    """
    if not text.strip():
        raise UsageError("there is nothing to send", "say what the agent should know")
    text = redact(text)
    require_trust(layout)
    config = load_config(layout)
    runtime, terminals = _reach(layout, config, attempt)
    if not runtime.has_composer:
        raise Refused(
            f"{attempt.agent} can't be sent a message: coord does not know where `{runtime.name}` takes one",
            f"go there: `coord attach {attempt.prompt}`",
        )
    if not runtime.composer_is_empty(_screen(terminals, attempt)):
        raise Refused(
            f"{attempt.agent} can't take a message now: its input is not empty, or it shows a question",
            f"look: `coord attach {attempt.prompt}`",
        )
    with EventLog.open(layout.events_db) as log:
        data = {"prompt": attempt.prompt, "attempt": attempt.attempt, "text": text}
        log.append([Draft("agent.told", f"agent:{attempt.agent}", data)], actor, attempt.run)
    return terminals.send_text(attempt.pane, text, no_dialog(runtime, terminals, attempt))


def no_dialog(runtime: Runtime, terminals: "Terminals", attempt: Attempt) -> Callable[[], None]:
    """A last look before Enter ends a message: Refused where a dialog has opened meanwhile, which would take it."""
    before = runtime.seen(_screen(terminals, attempt))

    def look() -> None:
        if dialog_opened(before, runtime.seen(_screen(terminals, attempt))):
            raise Refused(
                f"{attempt.agent} shows a question since the message was pasted: it was not sent",
                f"look: `coord attach {attempt.prompt}`",
            )

    return look


def waiting_hook(directory: Path, runtime: Runtime) -> tuple[Path, str] | None:
    """The pipe at which an agent's hook waits for the answer to its newest question, and what it wants to do."""
    try:
        lines = end_of(f"{directory}/{STATUS}").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        said_at = hook_line(line)
        if said_at is None or not re.fullmatch(r"[0-9]+", said_at.ask):
            continue
        pipe = directory / f"ask-{said_at.ask}"
        said = runtime.heard(said_at.payload)
        return (pipe, said.doing) if pipe.is_fifo() and said and said.state is AgentState.PERMISSION else None
    return None


def _answer_hook(pipe: Path, allow: bool, reason: str) -> bool:
    """Hand the decision to a waiting hook; False when it waits no more."""
    import json

    decision: dict[str, object] = {"behavior": "allow" if allow else "deny"}
    if not allow:
        decision["message"] = redact(reason) or "the engineer said no"
    answer = {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": decision}}
    try:
        fd = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENOENT):
            return False
        raise
    try:
        os.write(fd, json.dumps(answer).encode() + b"\n")
    finally:
        os.close(fd)
    return True


def _reach(layout: Layout, config: Config, attempt: Attempt) -> tuple[Runtime, "Terminals"]:
    from coordinator.terminals.server import Terminals

    if not attempt.state.live or attempt.exit is not None or not attempt.pane:
        raise Refused(f"{attempt.agent} is not at work", "`coord agents` tells who is")
    if is_paused(layout, attempt):
        raise Refused(f"{attempt.agent} is paused: its budget is used up", "answer the question about that first")
    runtime = find_runtime(attempt.runtime, {"command": config.command})
    return runtime, Terminals(config.tmux_socket, config.tmux_session)


def _screen(terminals: "Terminals", attempt: Attempt) -> str:
    """What the agent's own pane shows, told from all others by its mark."""
    from coordinator.terminals.capture import read_panes

    mark = {"agent": attempt.agent, "run": attempt.run, "attempt": str(attempt.attempt)}
    windows = [w for w in terminals.windows() if mark.items() <= dict(w.mark).items() and not w.dead]
    screens = read_panes(terminals, [attempt.pane]) if any(w.pane == attempt.pane for w in windows) else {}
    if attempt.pane not in screens:
        raise CoordError(f"the window of {attempt.agent} is gone", "`coord status` tells what became of it")
    return screens[attempt.pane].plain()


def _asked(runtime: Runtime, terminals: "Terminals", attempt: Attempt) -> str:
    """What the agent asks to do, by its screen; Refused when it asks for nothing."""
    said = runtime.seen(_screen(terminals, attempt))
    if said is None or said.state is not AgentState.PERMISSION:
        state = said.state.value if said else "unclear"
        raise Refused(
            f"{attempt.agent} asks for no permission now: its screen shows {state}",
            f"look: `coord attach {attempt.prompt}`",
        )
    return said.doing


def _press(runtime: Runtime, terminals: "Terminals", attempt: Attempt, allow: bool, wish: str) -> None:
    if runtime.keys is None:
        raise Refused(f"{runtime.name} can't be answered from here", f"answer there: `coord attach {attempt.prompt}`")
    if _asked(runtime, terminals, attempt) != wish:
        raise Refused(f"{attempt.agent} asks for something else by now", _LOOK_AGAIN)
    terminals.send_key(attempt.pane, runtime.keys.allow if allow else runtime.keys.deny)


def _wait_until_taken(runtime: Runtime, terminals: "Terminals", attempt: Attempt, wish: str) -> None:
    deadline = time.monotonic() + _TAKEN_BOUND
    while time.monotonic() < deadline:
        said = runtime.seen(_screen(terminals, attempt))
        if said is None or said.state is not AgentState.PERMISSION or said.doing != wish:
            return
        time.sleep(_LOOK)
    raise CoordError(
        f"{attempt.agent} still shows its question: {plain(wish)}", f"answer it there: `coord attach {attempt.prompt}`"
    )
