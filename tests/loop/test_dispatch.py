"""Starting an attempt: only of the prompt as its file is at that moment."""

from collections.abc import Callable

import pytest
from support.project import WRITE, Project

from coordinator.eventlog.store import EventLog
from coordinator.loop import dispatch
from coordinator.loop.actions import Dispatch
from coordinator.loop.context import Context
from coordinator.loop.runs import RunBook
from coordinator.model.work import prompt_work
from coordinator.observe.observer import Observer
from coordinator.terminals.server import Terminals


@pytest.mark.parametrize("change", ["gains a dependency", "is deleted"])
def test_a_prompt_that_changed_unseen_is_read_again_before_anything_starts(
    make: Callable[..., Project], change: str
) -> None:
    made = make({1: [], 2: []}, {1: WRITE, 2: WRITE})
    observer = Observer(made.layout)
    snapshot, config = observer.snapshot(), observer.config
    terminals = Terminals(config.tmux_socket, config.tmux_session)
    terminals.ensure_session()
    path = made.layout.root / snapshot.prompts[1].path
    if change == "is deleted":
        path.unlink()
    else:
        path.write_text(path.read_text().replace("dependencies: []", "dependencies: [2]"))
    with EventLog.open(made.layout.events_db) as log:
        context = Context(made.layout, config, log, terminals, RunBook(made.layout, log))
        assert dispatch.dispatch(context, snapshot, Dispatch(prompt_work(1), 1)) is None
        assert made.attempts(1) == []
        assert made.events("step.dispatched") == []
        fresh = observer.refresh(context.take_touched())
    assert (1 in fresh.prompts) == (change != "is deleted")
    assert change == "is deleted" or fresh.graph.dependencies[1] == (2,)
    observer.close()
