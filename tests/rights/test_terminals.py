"""What a human's process that descends from no terminal writes is told from what was written in one."""

import json
import os
import pty
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import project
from support.wait import wait_until

from coordinator.eventlog.store import EventLog
from coordinator.model.event import Event
from coordinator.observe.finishing import log_note
from coordinator.views.event_text import describe, sentence

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="detaches with setsid")

HOW = {
    "typed": ("{say}", None),
    "of a script that was typed": ("sh -c '{say}; true'", None),
    "in a session of its own, below a shell": ("setsid -w {say}", None),
    "an orphan": ("setsid -f sh -c '(setsid -f {say}) &'", True),
}


@pytest.fixture
def typed(tmp_path: Path) -> Callable[[str], None]:
    """Runs a line of shell in a terminal of its own, whose shell stays until the file `done` is there."""

    def run(line: str) -> None:
        done = tmp_path / "done"
        done.unlink(missing_ok=True)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("COORD_")}
        stay = f"{line}; while [ ! -e {shlex.quote(str(done))} ]; do sleep 0.05; done"
        child, terminal = pty.fork()
        if not child:
            os.execvpe("sh", ["sh", "-c", stay], {**environ, "USER": "ada"})
        try:
            wait_until(done.exists, timeout=60, message=line)
        finally:
            done.touch()
            os.close(terminal)
            os.waitpid(child, 0)

    return run


@pytest.mark.parametrize(("line", "mark"), HOW.values(), ids=HOW)
def test_events_of_a_process_without_a_terminal_say_so(
    tmp_path: Path, typed: Callable[[str], None], line: str, mark: bool | None
) -> None:
    with project(tmp_path, {1: []}) as made:
        say = tmp_path / "say"
        words = shlex.join([sys.executable, "-m", "coordinator.cli.main", "-C", str(made.layout.root)])
        say.write_text(
            f"#!/bin/sh\n{words} decide 'use WAL' </dev/null >{tmp_path}/out 2>&1\n"
            f"{words} intent set --goal 'A queue' </dev/null >>{tmp_path}/out 2>&1\n"
            f"touch {tmp_path}/done\n"
        )
        say.chmod(0o755)
        typed(line.format(say=say))
        decided, intent = made.events("decision.recorded", "intent.set")
        told = (tmp_path / "out").read_text()
        assert [event.data.get("no_terminal") for event in (decided, intent)] == [mark, mark], told
        shown = made.coord("log", "--kind", "decision.recorded", "--kind", "intent.set").stdout.splitlines()
        assert [row.endswith("(no terminal)") for row in shown] == [bool(mark)] * 2, shown
        rows = made.coord("log", "--json", "--actor", "ada").stdout.splitlines()
        data = [json.loads(row)["data"] for row in rows if json.loads(row)["kind"] == "decision.recorded"]
        assert data == [{"text": "use WAL"} | ({"no_terminal": True} if mark else {})]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_plan_that_was_cut_off_is_logged_as_it_was_asked_for(tmp_path: Path, terminal: bool) -> None:
    actor = {"kind": "human", "name": "ada", "role": "", "terminal": terminal}
    draft = {"kind": "plan.applied", "subject": "milestone", "data": {"plan": "x"}, "id": ""}
    with EventLog.open(tmp_path / "events.db", create=True) as log:
        log_note(log, {"actor": actor, "drafts": [draft]})
        (event,) = log.tail(1)
    assert event.no_terminal is not terminal
    assert event.data == {"plan": "x"} | ({} if terminal else {"no_terminal": True})


def test_the_mark_stands_beside_what_is_said_and_not_in_it() -> None:
    data = {"goal": "A queue", "no_terminal": True}
    event = Event(1, "", "", None, None, "human", "ada", "intent.set", "milestone", data, "", "")
    assert sentence(event) == "ada  intent  goal: A queue  (no terminal)"
    assert describe(event).text == "goal: A queue"


def test_an_agents_word_for_it_is_no_mark() -> None:
    data = {"text": "x", "no_terminal": True}
    event = Event(1, "", "", None, None, "agent", "executor-07-1", "decision.recorded", "prompt:7", data, "", "")
    assert not event.no_terminal
    assert "no terminal" not in sentence(event)
