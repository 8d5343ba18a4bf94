"""What has to hold of a project whatever was killed: nothing lost, nothing twice, nothing half, nothing left lying."""

import os
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.eventlog.verify import verify
from coordinator.model.snapshot import AgentState
from coordinator.model.work import work_about
from coordinator.storage.files import is_temp
from coordinator.storage.runs import current_run

COUNTED = 'echo "$COORD_ATTEMPT" >>"$COORD_ROOT/../ran-$COORD_PROMPT"\n' + WRITE
"""A scripted agent that does its work, and leaves word of each time that it really runs."""
_OURS = ("coord-merge.lock", "coord-witness.lock")
"""Locks that stay: whether they are held is what counts."""
STEPS = ("step.dispatched", "step.running", "step.change_open", "step.merged")
NOT_STARTED = ["step.dispatched", "step.failed"]
"""An attempt whose start failed, as when the git that makes its worktree is killed: no agent of it ever ran."""


def loop_of(made: Project) -> list[str]:
    """The command that runs the loop until nothing is left."""
    return coord_of(made, "loop", "--until-idle")


def coord_of(made: Project, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "coordinator.cli.main", "-C", str(made.layout.root), *arguments]


def quiet(made: Project) -> dict[str, str]:
    """An environment in which Python makes the same calls each time: it writes no bytecode."""
    return made.environment(PYTHONDONTWRITEBYTECODE="1")


def runs_of(made: Project, number: int) -> list[str]:
    """Attempts in which the script of a prompt (`COUNTED`) really ran."""
    place = made.repository.root.parent / f"ran-{number}"
    return place.read_text().split() if place.exists() else []


def agents_commits(made: Project) -> list[str]:
    """Every commit that is on an agent's branch now and not on the base branch."""
    return made.repository.git("rev-list", "--glob=refs/heads/coord", "^main").split()


def check_explained(made: Project, where: str) -> None:
    """Right after a kill, before anything made it good: what can be read makes sense."""
    snapshot = made.snapshot()
    assert not snapshot.problems, f"{where}: {snapshot.problems}"
    assert snapshot.loop.state.value, where
    unexplained = [a.id for a in snapshot.agents if a.state is AgentState.UNKNOWN]
    assert not unexplained, f"{where}: nobody knows what {unexplained} do"
    check_log(made, where)


def check_log(made: Project, where: str) -> None:
    """No row of the log is missing, changed or there twice."""
    verdict = verify(made.layout.events_db)
    assert verdict.ok, f"{where}: {verdict}"
    events = made.events()
    assert [event.seq for event in events] == list(range(1, len(events) + 1)), where
    assert len({event.id for event in events}) == len(events), where


def check_told_once(made: Project, where: str) -> None:
    """Each transition of each attempt is on the log once, in order."""
    told = [event for event in made.events() if event.kind.startswith("step.") and "attempt" in event.data]
    twice = [key for key, n in Counter((e.subject, e.data["attempt"], e.kind) for e in told).items() if n > 1]
    assert not twice, f"{where}: told twice: {twice}"
    for key in {(e.subject, e.data["attempt"]) for e in told}:
        kinds = [e.kind for e in told if (e.subject, e.data["attempt"]) == key]
        order = [STEPS.index(kind) for kind in kinds if kind in STEPS]
        assert order == sorted(order), f"{where}: {key}: {kinds}"
        ran = has_run(made, *key)
        assert kinds[:2] == list(STEPS[:2]) or (kinds == NOT_STARTED and not ran), f"{where}: {key}: {kinds}, {ran=}"


def has_run(made: Project, subject: str, attempt: int) -> bool:
    """The agent of this attempt got to run: its launcher left word before anything else."""
    work = work_about(subject)
    assert work is not None, subject
    return any(made.layout.runs.glob(f"run-*/{work.directory(attempt)}/started"))


def check_base(made: Project, start: str, where: str) -> None:
    """From where it was, the base branch went on by whole merges only, one for each merged prompt; checkout clean."""
    git = made.repository.git
    line = git("log", "--first-parent", "--reverse", "--format=%H|%P|%(trailers:key=Coord-Prompt,valueonly,separator=)")
    before = set(git("rev-list", start).split())
    merged = []
    for commit in line.split("\n"):
        sha, parents, prompt = commit.split("|")
        if sha in before:
            continue
        assert len(parents.split()) == 2, f"{where}: {sha} is no merge"
        merged.append(int(prompt))
    told = [event.prompt for event in made.events("step.merged")]
    assert sorted(merged) == sorted(n for n in told if n is not None), f"{where}: on the branch {merged}, told {told}"
    assert len(set(merged)) == len(merged), f"{where}: merged twice: {merged}"
    assert made.repository.status() == "", f"{where}: {made.repository.status()}"


def check_no_commit_lost(made: Project, where: str, *, known: list[str]) -> None:
    """Commits that an agent ever had on its branch are on the base branch or on a branch of an attempt."""
    kept = set(made.repository.git("rev-list", "main", "--glob=refs/heads/coord").split())
    assert not set(known) - kept, f"{where}: lost {set(known) - kept}"
    lost = made.repository.git("fsck", "--unreachable", "--no-reflogs", "--no-progress", check=False)
    commits = [line.split()[-1] for line in lost.splitlines() if line.startswith("unreachable commit")]
    alone = [c for c in commits if len(made.repository.git("rev-list", "--parents", "-n1", c).split()) < 3]
    assert not alone, f"{where}: {alone} can't be reached from any branch"  # a merge that never landed may lie about


def files_below(folder: Path) -> Iterator[Path]:
    """Every file there, also while others come and go: `rglob` breaks off where a folder goes as it looks."""
    for at, _, names in os.walk(folder):
        yield from (Path(at, name) for name in names)


def locks_of_git(made: Project) -> list[Path]:
    """Locks that lie about in the engineer's repository."""
    found = files_below(made.repository.root / ".git")
    return [path for path in found if path.suffix == ".lock" and path.name not in _OURS]


def _litter(made: Project, locks: bool) -> list[Path]:
    layout = made.layout
    return [
        *(path for path in files_below(layout.coord) if is_temp(path.name)),
        *layout.journal.glob("*"),
        *(path for kind in ("gate-*", ".*.warm", ".*.log") for path in layout.worktrees.glob(kind)),
        *(made.repository.root / ".git").glob("coord-landing*"),
        *(locks_of_git(made) if locks else ()),
    ]


def check_no_litter(made: Project, where: str, *, locks: bool = True) -> None:
    """No unfinished file, journal, checkout or process is left; nor a lock of git, unless an agent's git was killed.

    A loop that lives may be tidying up still: what it is at goes by itself.
    """
    try:
        wait_until(lambda: not _litter(made, locks), message="nothing to lie about")
    except AssertionError:
        raise AssertionError(f"{where}: left lying: {_litter(made, locks)}") from None
    assert made.agents() == [], f"{where}: {made.agents()} still run"


def check_whole(
    made: Project, start: str, where: str, *, known: list[str], locks: bool = True, cancelled: Collection[int] = ()
) -> None:
    """All of it, for a project that was brought to its end after a kill; `start` is where its base branch began."""
    states = made.states()
    expected = {number: "skipped" if number in cancelled else "merged" for number in states}
    assert states == expected, f"{where}: {states}\n{made.said()}"
    snapshot = made.snapshot()
    for number, prompt in snapshot.prompts.items():
        assert prompt.status.value == ("cancelled" if number in cancelled else "done"), f"{where}: {number}"
    assert (snapshot.loop.state.value, snapshot.milestone.status) == ("finished", "done"), where
    run = current_run(made.layout)
    assert run is None or run.state == "ended", f"{where}: {run}"
    check_log(made, where)
    check_told_once(made, where)
    check_base(made, start, where)
    check_no_commit_lost(made, where, known=known)
    check_no_litter(made, where, locks=locks)
