"""The loop and its git killed together at writes of that git, as a power cut does; the next loop goes on."""

import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import Project, project
from support.proof import trial
from support.tracing import STRACE, WRITING, Point, in_parts, needs_strace, points, run, spread
from support.wait import wait_until
from support.whole import COUNTED, agents_commits, check_explained, check_whole, locks_of_git, loop_of, runs_of

from coordinator.lazy.dataclass import dataclass

pytestmark = [needs_strace, pytest.mark.slow]
GIT = shutil.which("git") or "git"
WRAPPER = f"""#!/bin/sh
# Counts the commands of each verb. Traces all, or kills one, and who ran it, at a call.
[ -n "$TEST_DIR" ] || exec {GIT} "$@"
skip=
for word do
  [ -n "$skip" ] && {{ skip=; continue; }}
  [ "$word" = -c ] || {{ verb=$word; break; }}
  skip=1
done
case "$*" in *" worktree add "*) verb=worktree-add;; *" worktree remove "*) verb=worktree-remove;; esac
count=$(($(cat "$TEST_DIR/$verb.count" 2>/dev/null || echo 0) + 1))
echo $count >"$TEST_DIR/$verb.count"
run() {{ {STRACE} -f -qq -s 4096 -o "$TEST_DIR/$verb.$count" "$@"; }}
if [ -z "$TEST_AT" ]; then run -e trace={",".join(WRITING)} {GIT} "$@"; exit; fi
[ "$verb $count" = "$TEST_AT" ] || exec {GIT} "$@"
run -e "trace=$TEST_KIND" -e "inject=$TEST_KIND:signal=KILL:when=$TEST_NUMBER" {GIT} "$@"
status=$?
[ $status = 0 ] || kill -KILL $PPID  # also when it is a git that this git had started
exit $status
"""
DISPATCH = ("worktree-add",)
MERGE = ("merge-tree", "commit-tree", "merge")
TIDY = ("worktree-remove", "branch")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in the `count`-th git command of a verb."""

    verb: str
    count: int
    point: Point

    def __str__(self) -> str:
        return f"{self.verb} {self.count} {self.point}"


class Wrapped:
    """A `git` for the loop alone; agents and tests have their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "git").write_text(WRAPPER)
        (folder / "git").chmod(0o755)

    def environment(self, made: Project, at: Moment | None = None) -> dict[str, str]:
        own = made.environment()
        chosen = {"TEST_AT": "", "TEST_KIND": "", "TEST_NUMBER": ""}
        if at is not None:
            chosen = {
                "TEST_AT": f"{at.verb} {at.count}",
                "TEST_KIND": at.point.kind,
                "TEST_NUMBER": str(at.point.number),
            }
        return own | {"PATH": f"{self.folder}:{own['PATH']}", "TEST_DIR": str(self.folder)} | chosen


def rehearse(tmp_path: Path, verbs: tuple[str, ...]) -> list[Moment]:
    """All points of the git commands of these verbs in an undisturbed life."""
    wrapped = Wrapped(tmp_path / "rehearsal" / "bin-git")
    with project(tmp_path / "rehearsal", {1: []}, {1: COUNTED}) as made:
        made.terminals.ensure_session()
        done = run(loop_of(made), wrapped.environment(made))
        assert done.returncode == 0, done.stdout + done.stderr
    found = []
    for verb in verbs:
        for count in range(1, int((wrapped.folder / f"{verb}.count").read_text()) + 1):
            of_it = points(wrapped.folder / f"{verb}.{count}", lambda _: "")
            found += [Moment(verb, count, point) for point in of_it]
    return found


def locks(made: Project) -> list[Path]:
    """Locks that lie about in the engineer's repository, which a git that is killed leaves, whoever runs it."""
    admins = made.repository.root / ".git/worktrees"
    return [path for path in locks_of_git(made) if admins not in path.parents]


def go_on(made: Project, where: str) -> bool:
    """Let the next loop go on; whether an engineer had to remove a lock that git left, and that the loop names."""
    loop = made.start_loop("--until-idle")
    helped = False

    def named() -> str:
        reason = made.snapshot().steps[1].reason
        return reason if ".lock" in reason else ""

    def ended_or(condition: Callable[[], object]) -> None:
        try:
            wait_until(lambda: loop.poll() is not None or condition())
        except AssertionError:
            raise AssertionError(
                f"{where}: {made.states()}: {made.snapshot().steps[1].reason}\n{made.said()}"
            ) from None

    while loop.poll() is None:
        ended_or(named)
        if loop.poll() is None and locks(made):
            assert any(lock.name in named() for lock in locks(made)), f"{where}: {locks(made)}; it says {named()}"
            helped = True
            for lock in locks(made):
                lock.unlink(missing_ok=True)
            ended_or(lambda: not named())
    assert loop.returncode == 0, f"{where}: {made.said()}"
    return helped


def kill_and_go_on(folder: Path, moment: Moment) -> str:
    """Kill at a moment, let the next loop go on, and check everything; how that went."""
    wrapped = Wrapped(folder / "bin-git")
    where = str(moment)
    with project(folder, {1: []}, {1: COUNTED}) as made:
        start = made.repository.head()
        made.terminals.ensure_session()
        done = run(loop_of(made), wrapped.environment(made, moment))
        killed = done.returncode == -signal.SIGKILL
        assert killed or done.returncode == 0, f"{where}: {done.stderr}"
        check_explained(made, where)
        known = agents_commits(made)
        helped = go_on(made, where)
        for lock in locks(made):
            lock.unlink()  # in nobody's way so far: the next git that needs it says so
        check_whole(made, start, where, known=known)
        assert runs_of(made, 1) == ["1"], f"{where}: the agent ran in {runs_of(made, 1)}"
        assert made.repository.git("show", "main:file-1.txt") == "by attempt 1", where
        return ("helped" if helped else "by itself") if killed else "passed"


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("verbs", [DISPATCH, MERGE, TIDY], ids=["dispatch", "merge", "tidy"])
def test_loop_and_git_killed_at_any_write_of_git_leave_nothing_half(tmp_path: Path, verbs: tuple[str, ...]) -> None:
    found = rehearse(tmp_path, verbs)
    outcomes = Counter[str]()
    tried = 0
    for verb in verbs:
        of_verb = {m.point: m for m in found if m.verb == verb}
        for point in spread(list(of_verb), 3):
            moment = of_verb[point]
            with trial("coord loop with its git", at=point.kind, phase=f"git {verb}") as one:
                one.came = kill_and_go_on(tmp_path / str(moment).replace(" ", "-"), moment)
            outcomes[one.came] += 1
            tried += 1
    print(f"killed at {tried} of {len(found)} points of {', '.join(verbs)}: {dict(outcomes)}")
    assert in_parts() or tried - outcomes["passed"] >= 6
