"""Answers an agent's permission question: only where its screen shows that it asks, and for just that."""

import errno
import os
import re
import time
from pathlib import Path

from coordinator.agents.evidence import brief
from coordinator.agents.hooks import STATUS, hook_line
from coordinator.agents.jsonl_tail import end_of
from coordinator.agents.runtime import Runtime
from coordinator.apply.messages import Reached, reach
from coordinator.errors import CoordError, Refused
from coordinator.eventlog.store import EventLog
from coordinator.model.event import Actor, Draft
from coordinator.model.snapshot import AgentState
from coordinator.model.step import Attempt
from coordinator.model.text import plain
from coordinator.observe.trust import require_trust
from coordinator.secrets.redaction import redact
from coordinator.storage.paths import Layout

_TAKEN_BOUND = 5.0
"""Seconds in which the question has to go away once it was answered."""
_LOOK = 0.05
_LOOK_AGAIN = "look at it, and answer that"


def permit(
    layout: Layout,
    attempt: Attempt,
    actor: Actor,
    *,
    allow: bool,
    reason: str = "",
    seen: str = "",
    plan: str = "",
) -> str:
    """Allow or deny what an agent asks to do; returns what that was. `plan`: the id of the one that it is a part of.

    Its waiting hook gets the answer, or else its dialog a key, after a look that the dialog is there. `seen`: what
    whoever answers was shown of the wish. Raises Refused when it asks for nothing now, or for something else than that,
    or when its CLI can't be answered this way; CoordError when the answer had no effect.
    """
    require_trust(layout)
    agent = reach(layout, attempt)
    directory = layout.attempt(attempt.run, attempt.work, attempt.attempt)
    wish = wish_of(agent)
    hook = waiting_hook(directory, agent.runtime)
    doing = hook[1] or wish if hook else wish
    if seen and brief(seen) not in (brief(doing), brief(wish)):
        raise Refused(f"{attempt.agent} asks for something else by now: {plain(brief(doing))}", _LOOK_AGAIN)
    with EventLog.open(layout.events_db) as log:  # first of all: it refuses who may not answer
        data = {**attempt.work.record, "attempt": attempt.attempt, "allowed": allow, "doing": doing}
        data |= ({"reason": reason} if reason else {}) | ({"plan": plan} if plan else {})
        log.append([Draft("permission.answered", f"agent:{attempt.agent}", data)], actor, attempt.run)
    if hook is None or not _answer_hook(hook[0], allow, reason):
        _press(agent, allow, wish)
    _wait_until_taken(agent, wish)
    return doing


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


def wish_of(agent: Reached) -> str:
    """What the agent asks to do, by its screen, once that shows what its hook told of; Refused when it asks nothing."""
    while True:
        awaited = agent.question_may_open()  # first: what the screen shows is then the newer of both
        said, attempt = agent.runtime.seen(agent.screen()), agent.attempt
        if said is not None and said.state is AgentState.PERMISSION:
            return said.doing
        if not awaited:
            break
        time.sleep(_LOOK)
    state = said.state.value if said else "unclear"
    raise Refused(
        f"{attempt.agent} asks for no permission now: its screen shows {state}",
        f"look: `coord attach {attempt.handle}`",
    )


def _press(agent: Reached, allow: bool, wish: str) -> None:
    keys, attempt = agent.runtime.keys, agent.attempt
    if keys is None:
        name = agent.runtime.name
        raise Refused(f"{name} can't be answered from here", f"answer there: `coord attach {attempt.handle}`")
    if wish_of(agent) != wish:
        raise Refused(f"{attempt.agent} asks for something else by now", _LOOK_AGAIN)
    agent.press(keys.allow if allow else keys.deny)


def _wait_until_taken(agent: Reached, wish: str) -> None:
    attempt = agent.attempt
    deadline = time.monotonic() + _TAKEN_BOUND
    while time.monotonic() < deadline:
        said = agent.runtime.seen(agent.screen())
        if said is None or said.state is not AgentState.PERMISSION or said.doing != wish:
            return
        time.sleep(_LOOK)
    raise CoordError(
        f"{attempt.agent} still shows its question: {plain(wish)}", f"answer it there: `coord attach {attempt.handle}`"
    )
