"""What the loop meets at its edges: a log that can't be written, an agent that lingers, a run that is fast."""

import os
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.command import coord
from support.project import NOTHING, WRITE, Project, project
from support.wait import wait_until

from coordinator.loop.executor import LITTER
from coordinator.views.why import why

Make = Callable[..., Project]


@contextmanager
def sealed(path: Path) -> Iterator[None]:
    """The path can't be written to, by nobody: its mode for people, its attribute for root."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.geteuid() == 0:
        done = subprocess.run(["chattr", "+i", str(path)], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("no immutable files here")
    else:
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        if os.geteuid() == 0:
            subprocess.run(["chattr", "-i", str(path)], check=True)
        else:
            path.chmod(mode)


@pytest.fixture
def lasting() -> Iterator[Project]:
    """A project on a disk, for in memory whoever has a file open may write to it, whatever its attributes say.

    Its one agent waits to be released.
    """
    with (
        tempfile.TemporaryDirectory(prefix="coord-", dir="/var/tmp") as folder,
        project(Path(folder), {1: []}) as made,
    ):
        (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
        yield made


def test_a_log_that_cant_be_written_holds_the_loop_with_a_word_and_goes_on_afterwards(lasting: Project) -> None:
    made = lasting
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    with sealed(made.layout.events_db), sealed(Path(f"{made.layout.events_db}-wal")):
        made.add(2, script=WRITE)  # something to be written down
        wait_until(lambda: "the loop waits" in made.said(), message="a word of the loop")
        (problem,) = made.snapshot().problems
        assert problem.code == "log-unwritable"
        assert loop.poll() is None
    made.release()
    assert loop.wait(90) == 0, made.said()
    assert made.states() == {1: "merged", 2: "merged"}


@pytest.mark.parametrize("place", ["coord", "runs", "events_db"])
def test_doctor_is_not_green_where_nothing_can_be_written(make: Make, place: str) -> None:
    made = make({1: []})
    made.layout.runs.mkdir()
    path = Path(getattr(made.layout, place))
    with sealed(path):
        done = coord("doctor", "--json", at=made.layout.root)
    assert done.code == 1
    assert (made.layout.rel(path), "unwritable") in {(p["path"], p["code"]) for p in done.json["problems"]}
    assert all(p["remedy"] for p in done.json["problems"])


def test_why_names_an_agent_that_handed_off_and_lingers(make: Make) -> None:
    made = make({1: []})
    (made.layout.scripts / "01.sh").write_text(NOTHING + made.until())
    loop = made.start_loop("--until-idle")
    wait_until(lambda: made.events("handoff.given"), message="the hand-off")
    made.sees(lambda snapshot: snapshot.steps[1].attempt.receipt, message="its receipt")  # type: ignore[union-attr]
    (because,) = why(made.snapshot(), 1).because
    assert because.code == "handed-off"
    assert "has not ended" in because.message
    assert "coord kill 1" in because.message or "coord attach 1" in because.message
    made.release()
    assert loop.wait(90) == 0


@pytest.mark.slow
@pytest.mark.parametrize("script", [NOTHING, WRITE], ids=["no change", "merged"])
def test_clearing_up_keeps_pace_with_a_fast_run(make: Make, script: str) -> None:
    prompts, parallel = range(1, 61), 8
    made = make({n: [] for n in prompts}, dict.fromkeys(prompts, script), max_parallel=parallel)
    made.terminals.ensure_session()
    held = made.terminals.open_window(["sleep", "600"], cwd=made.layout.root, name="held", env={}, mark={})
    loop = made.start_loop("--until-idle")
    most = 0
    while loop.poll() is None:
        most = max(most, sum(window.dead for window in made.terminals.windows()))
    assert loop.wait() == 0, made.said()
    assert set(made.states().values()) == {"merged"}
    assert most < parallel + LITTER, "all that run may end while so many are cleared up"
    assert not [window for window in made.terminals.windows() if window.mark]
    assert not [path for path in made.layout.worktrees.iterdir() if path.is_dir()]
    assert made.agents() == []
    made.terminals.kill_window(held.id)
