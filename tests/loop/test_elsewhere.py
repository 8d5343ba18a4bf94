"""Work is what is on the attempt's branch: done without a change has to be said, and work elsewhere is named."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import NOTHING, WRITE, Project
from support.wait import wait_until

from coordinator.apply import steps
from coordinator.apply.handoff import hand_off
from coordinator.changes import worktrees
from coordinator.errors import Refused
from coordinator.model.clock import utc_now
from coordinator.model.step import Attempt, StepState
from coordinator.model.work import prompt_work

Make = Callable[..., Project]
DONE = "coord agent done --summary done\n"
COMMIT = "echo work >work.txt && git add -A && git commit -qm Work"

PLACES = {
    "a worktree inside its own": (
        f"git worktree add -q -b inner .claude/inner && cd .claude/inner && {COMMIT}",
        "1 commit in the worktree TREE/.claude/inner, branch inner",
    ),
    "unsaved files in a worktree inside its own": (
        "echo .claude >>$COORD_ROOT/.git/info/exclude; git worktree add -q -d .claude/inner; "
        "echo x >.claude/inner/new.txt",
        "uncommitted new.txt in the worktree TREE/.claude/inner",
    ),
    "a worktree outside": (
        f"git worktree add -q -b outer ../../../../outer && cd ../../../../outer && {COMMIT} && echo x >more.txt",
        "1 commit and uncommitted more.txt in the worktree OUT/outer, branch outer",
    ),
    "a side branch": (
        f"git switch -qc side && {COMMIT} && git switch -q coord/01-1",
        "1 commit on the branch side",
    ),
    "the engineer's branch": (f"cd $COORD_ROOT && {COMMIT}", "1 commit right on main"),
    "another branch of the engineer's checkout": (
        f"cd $COORD_ROOT && git switch -qc hot && {COMMIT}",
        "1 commit on the branch hot",
    ),
    "the engineer's checkout": ("echo x >>$COORD_ROOT/README.md", "uncommitted README.md in ROOT"),
    "a stash": ("echo x >>README.md; git stash -q", "the stash stash@{0} (WIP on coord/01-1: "),
    "a detached head": (
        f"git switch -qd && {COMMIT} && git switch -q coord/01-1",
        "1 commit taken off again (`git show ",
    ),
}
CERTAIN = ("a worktree inside its own", "unsaved files in a worktree inside its own", "a stash")


def begin(made: Project) -> tuple[Attempt, dict[str, str]]:
    """An attempt as the loop would have started it, and its agent's environment."""
    tree = worktrees.create(made.layout, prompt_work(1), 1)
    now = utc_now()
    attempt = Attempt(
        prompt_work(1),
        1,
        "run-1",
        1,
        StepState.RUNNING,
        now,
        now,
        agent="executor-01-1",
        branch=tree.branch,
        worktree=made.layout.rel(tree.path),
        base=tree.base,
        base_branch=tree.base_branch,
    )
    steps.claim(made.layout, attempt)
    own = {"COORD_ROOT": str(made.layout.root), "COORD_RUN": "run-1", "COORD_PROMPT": "1", "COORD_ATTEMPT": "1"}
    return attempt, own | {"COORD_AGENT": attempt.agent, "COORD_ROLE": "executor"}


def do(made: Project, script: str, cwd: Path) -> None:
    environ = made.environment(COORD_ROOT=str(made.layout.root))
    subprocess.run(["sh", "-ec", script], cwd=cwd, env=environ, check=True, capture_output=True)


@pytest.mark.parametrize("place", PLACES)
def test_done_with_the_work_elsewhere_is_refused_with_the_place(make: Make, tmp_path: Path, place: str) -> None:
    made = make({1: []})
    attempt, environ = begin(made)
    script, told = PLACES[place]
    tree = made.layout.worktree(prompt_work(1), 1)
    do(made, script, tree)
    told = told.replace("TREE", str(tree)).replace("ROOT", str(made.layout.root)).replace("OUT", str(tmp_path))
    with pytest.raises(Refused) as refused:
        hand_off(environ, 1, outcome="done", summary="x")
    assert "nothing is committed on coord/01-1, but since it began there is: " in refused.value.message
    assert told in refused.value.message
    if place != "a worktree inside its own":  # git sees that one as a new folder
        assert f"onto coord/01-1, in {tree}" in refused.value.remedy
        assert "coord agent done --no-change" in refused.value.remedy
    assert steps.reread(made.layout, attempt).receipt is None
    if place in CERTAIN:
        with pytest.raises(Refused, match="nothing is committed"):
            hand_off(environ, 1, outcome="done", summary="x", no_change=True)
    else:  # it may be the engineer's
        assert hand_off(environ, 1, outcome="done", summary="x", no_change=True).no_change


def test_an_agent_that_stands_beside_its_branch_is_told_how_its_work_comes_onto_it(make: Make) -> None:
    made = make({1: []})
    _, environ = begin(made)
    do(made, f"git switch -qd && {COMMIT}", made.layout.worktree(prompt_work(1), 1))
    with pytest.raises(Refused) as refused:
        hand_off(environ, 1, outcome="done", summary="x")
    assert refused.value.remedy == "in its worktree: `git switch -C coord/01-1`, and try again"


def test_what_was_there_before_is_not_named(make: Make, tmp_path: Path) -> None:
    made = make({1: []})
    root = made.layout.root
    do(
        made,
        f"git worktree add -q -b outer '{tmp_path}/outer'; cd '{tmp_path}/outer'; {COMMIT}; echo x >more.txt",
        root,
    )
    do(made, f"git switch -qc side; {COMMIT}; git switch -q main", root)
    do(made, "echo x >>README.md; git stash -q; echo y >>README.md", root)
    over = int(time.time()) + 1
    wait_until(lambda: time.time() >= over, message="the next second: git's times have no parts of it")
    _, environ = begin(made)
    with pytest.raises(Refused) as refused:
        hand_off(environ, 1, outcome="done", summary="x")
    assert refused.value.message == "not done yet: nothing is committed on coord/01-1"


def test_done_without_a_change_is_said_by_the_agent_or_by_the_prompt(make: Make) -> None:
    made = make({1: [], 2: [], 3: []}, {1: DONE, 2: NOTHING, 3: DONE}, gate="review")
    made.add(3, script=DONE, trivial=True)
    assert made.run_loop() == 1
    assert made.states() == {1: "failed", 2: "merged", 3: "merged"}
    receipt = made.snapshot().steps[2].attempt.receipt  # type: ignore[union-attr]
    assert receipt is not None
    assert receipt.no_change
    assert made.snapshot().steps[1].reason == "ended with exit status 3 without handing off"


def test_work_beside_a_branch_without_changes_is_told_where_its_agent_says_that_there_is_none(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: f"(cd $COORD_ROOT && {COMMIT})\n{NOTHING}", 2: NOTHING}, gate="review")
    assert made.run_loop() == 0
    (told,) = made.events("problem.past_the_gate")
    assert (told.subject, "1 commit right on main" in str(told.data["reason"])) == ("agent:executor-01-1", True)
    assert "1 commit right on main" in made.coord("log", "--kind", "step.merged").stdout


def test_a_receipt_is_not_taken_for_work_that_lies_elsewhere(make: Make) -> None:
    """What the agent does after its hand-off counts too: the loop holds the rule as the command does."""
    late = "git switch -qc aside && git branch -f coord/01-1 $(git rev-parse HEAD~1) && git switch -q coord/01-1\n"
    made = make({1: []}, {1: f"{COMMIT}\n{DONE}{late}"}, gate="auto")
    assert made.run_loop() == 1
    reason = made.snapshot().steps[1].reason
    assert reason.startswith("nothing is committed on coord/01-1, but since it began there is: ")
    assert "1 commit on the branch aside" in reason


def test_an_open_change_whose_commits_are_gone_is_not_merged(make: Make) -> None:
    gone = 'if [ "$COORD_ATTEMPT" = 2 ]; then coord agent fail --verdict no; exit; fi\n'
    made = make({1: []}, {1: gone + WRITE}, gate="review")
    loop = made.start_loop()
    made.wait_for(1, "change-open")
    loop.terminate()
    loop.wait()
    made.repository.git("reset", "--quiet", "--hard", "main", cwd=made.layout.worktree(prompt_work(1), 1))
    made.layout.config.write_text(made.layout.config.read_text().replace("gate: review", "gate: auto"))
    assert made.run_loop() == 1
    assert [attempt["state"] for attempt in made.attempts(1)] == ["pending", "failed"]
    assert made.attempts(1)[0]["reason"] == "the commits of coord/01-1 are gone from it: its change was not merged"
