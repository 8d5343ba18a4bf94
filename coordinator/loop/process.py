"""The loop as a process: one per project, which signals end in order."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial

from coordinator.changes.git import Git
from coordinator.errors import CoordError, Refused
from coordinator.lazy.dataclass import replace
from coordinator.loop.rules.outcome import Outcome
from coordinator.loop.runner import Runner
from coordinator.model.clock import utc_now
from coordinator.model.event import Event
from coordinator.model.run import LoopAsk
from coordinator.observe.finishing import finish
from coordinator.observe.project import Project
from coordinator.observe.trust import require_trust
from coordinator.storage.files import Lock
from coordinator.storage.paths import Layout
from coordinator.storage.runs import read_loop, sign_loop, write_loop
from coordinator.storage.settings_in_force import forget_in_force
from coordinator.storage.sweep import sweep

LOCK_PATIENCE = 1.0
"""Seconds in which another loop may end, and readers that look whether one lives go away."""
LAST = 15.0
"""Seconds in which a loop that was asked to end does so in order; after that it is cut off, as by a kill: whatever it
was at is found done, or done again, by the next one."""
_TURN = 0.0005
"""Seconds; Python's own are 0.005."""
_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run_loop(
    layout: Layout,
    *,
    until_idle: bool = False,
    max_parallel: int | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Outcome:
    """Run the loop in this process until it is stopped, or until nothing is left to wait for.

    SIGTERM, SIGINT and SIGHUP end it; agents go on, and the next loop takes them over. `on_event` gets every event
    that is logged meanwhile, whoever wrote it. Raises Refused when a loop of this project runs already, and for a
    project that nobody here trusts.
    """
    require_trust(layout)
    lock = Lock(layout.loop_lock)
    if not lock.acquire(wait=False, patience=LOCK_PATIENCE):
        raise Refused(
            "a loop of this project runs already", "see `coord status`; `coord attach loop` goes to its window"
        )
    try:
        forget_in_force(layout)
        finish(layout)  # what can't be finished now holds back only what would start
        sweep(layout, Project(layout).config.prompt_folders)
        _know_programs(layout)
        _ask_to_run(layout, max_parallel)
        holds = partial(_holds, layout, lock)
        with _short_turns(), Runner(layout, until_idle, on_event, holds) as runner, _signals(runner.stop):
            ended = runner.run()
        runner.end_session()
        return ended
    finally:
        lock.release()


def _holds(layout: Layout, lock: Lock) -> bool:
    """It is still the one loop of its project: a lock that was taken away is made again, unless another loop has it."""
    if lock.is_in_place:
        return True
    try:
        held = lock.renew()
        if held:
            sign_loop(layout)
    except (CoordError, OSError):
        return True  # what keeps it from being made keeps it from others too; it is tried again
    return held


def _know_programs(layout: Layout) -> None:
    """What the repository's settings name before any agent is at work is the engineer's."""
    git = Git(layout.root)
    if not Project(layout).config.agent_user and git.is_repo():
        git.know_programs()


def _ask_to_run(layout: Layout, max_parallel: int | None) -> None:
    """A loop that is started is meant to run; a pause stays."""
    ask, problem = read_loop(layout)
    wanted = replace(
        ask,
        state="running" if ask.state == "stopped" else ask.state,
        max_parallel=ask.max_parallel if max_parallel is None else max_parallel,
    )
    if problem is None and wanted != ask:
        write_loop(layout, LoopAsk(wanted.state, wanted.max_parallel, by="loop", at=utc_now(), reason=wanted.reason))


@contextlib.contextmanager
def _short_turns() -> Iterator[None]:
    """Have the threads of this process take shorter turns: who waited for the disk else waits for a whole look too."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextlib.contextmanager
def _signals(stop: Callable[[str], None]) -> Iterator[None]:
    """Let signals end the loop in order; not possible, and not needed, outside the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    last = threading.Timer(LAST, os._exit, (1,))
    last.daemon = True

    def handle(number: int, _: object) -> None:
        stop(signal.Signals(number).name)
        if last.ident is None:
            last.start()

    before = {number: signal.signal(number, handle) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        last.cancel()
