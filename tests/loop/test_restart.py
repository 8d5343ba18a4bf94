"""An attempt that is ended never goes on: not beside the next one, and not through the gate."""

from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.apply.plans import apply
from coordinator.errors import StalePlan
from coordinator.model.event import Actor, ActorKind
from coordinator.services.cancel import Cancel, plan_cancel
from coordinator.services.restart import RestartRequest, plan_restart

ADA = Actor(ActorKind.HUMAN, "ada")
Make = Callable[..., Project]
ALONE = """\
for other in "$COORD_ROOT"/../pid-*; do
    [ -e "$other" ] || continue
    if grep -q "^State:.[^ZX]" "/proc/$(cat "$other")/status" 2>/dev/null; then
        echo "$COORD_ATTEMPT beside $other" >>"$COORD_ROOT/../beside"
    fi
done
echo $$ >"$COORD_ROOT/../pid-$COORD_ATTEMPT"
"""
"""Notes whether another attempt lives."""


MOMENTS = ("dispatched", "begun", "wrote", "dispatched", "ended", "begun")
"""When each attempt is restarted; where its agent waits for that."""


def restarted(made: Project, reason: str) -> bool:
    """Restart prompt 1; False where the loop wrote into its file at this very moment, and the plan was stale."""
    try:
        apply(made.layout, plan_restart(made.snapshot(), RestartRequest(1, reason)), ADA)
    except StalePlan:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("loop_dies", [False, True])
def test_restarts_at_any_moment_never_lead_to_two_live_attempts(make: Make, loop_dies: bool) -> None:
    """Attempts end as they are dispatched, at work, and when they have handed off; the loop goes on, or is killed."""
    made = make({1: []})
    home = made.repository.root.parent

    def reach(moment: str) -> str:
        held = "|".join(str(n) for n, when in enumerate(MOMENTS, 1) if when in (moment, moment and "dispatched"))
        return f'touch "{home}/{moment}-$COORD_ATTEMPT"\ncase $COORD_ATTEMPT in {held}) {made.until().strip()};; esac\n'

    half = "echo x >half.txt\n"
    (made.layout.scripts / "01.sh").write_text(ALONE + reach("begun") + half + reach("wrote") + WRITE + reach("ended"))
    loop = made.start_loop()
    for attempt, moment in enumerate(MOMENTS, 1):
        there = (home / f"{moment}-{attempt}").exists
        count = lambda attempt=attempt: len(made.attempts(1)) == attempt  # noqa: E731
        wait_until(count if moment == "dispatched" else there, message=f"attempt {attempt}, {moment}")
        if loop_dies and attempt % 2:
            loop.kill()
            loop.wait()
        wait_until(lambda: restarted(made, f"once more, {moment}"), message="the plan to be applied")  # noqa: B023
        if loop.poll() is not None:
            loop = made.start_loop()
    made.wait_for(1, "merged", timeout=60)
    assert not (home / "beside").exists()
    assert [a["state"] for a in made.attempts(1)] == ["pending"] * len(MOMENTS) + ["merged"]
    written = made.repository.git("log", "--format=%s", "main").count("Write file 1")
    assert written == 2, "by the attempt that had handed off, and by the one that went on from it"
    assert (
        made.repository.git("log", "--merges", "--format=%s", "main") == f"Merge coord/01-{len(MOMENTS) + 1}: Prompt 1"
    )
    assert made.repository.git("show", "main:file-1.txt") == f"by attempt {len(MOMENTS) + 1}"


def checked(made: Project, verdict: str) -> None:
    """Let the loop check the change of attempt 1 by a suite that ends only when it is told to, and then so."""
    checking = made.repository.root.parent / "checking"
    first = f"trap '{verdict}' TERM; touch {checking}; {made.until().strip()}"
    made.repository.suite("slow", f"if [ $COORD_ATTEMPT = 1 ]; then {first}; fi")
    made.add(1, validation_suites="[slow]")
    made.start_loop()
    wait_until(checking.exists, message="the suite to run")


@pytest.mark.slow
@pytest.mark.parametrize("verdict", ["exit 0", "exit 1", ""])
def test_a_change_whose_attempt_is_restarted_while_it_is_checked_never_lands(make: Make, verdict: str) -> None:
    made = make({})
    checked(made, verdict)
    apply(made.layout, plan_restart(made.snapshot(), RestartRequest(1, "do it otherwise", fresh=True)), ADA)
    made.wait_for(1, "merged")  # although nobody lets the suite go on
    assert [a["state"] for a in made.attempts(1)] == ["pending", "merged"]
    assert made.repository.git("show", "main:file-1.txt") == "by attempt 2"
    assert made.repository.git("log", "--format=%s", "main").count("Write file 1") == 1
    assert [event.data["attempt"] for event in made.events("step.merged")] == [2]
    assert made.events("problem.found") == []


@pytest.mark.parametrize("verdict", ["exit 0", "exit 1"])
def test_a_change_whose_prompt_is_cancelled_while_it_is_checked_stays_out(make: Make, verdict: str) -> None:
    made = make({})
    checked(made, verdict)
    apply(made.layout, plan_cancel(made.snapshot(), Cancel(1, "not needed", kill_running=True)), ADA)
    made.add(2)
    made.wait_for(2, "merged")  # by the same gate, one after the other
    assert [a["state"] for a in made.attempts(1)] == ["blocked"]
    assert made.repository.git("ls-tree", "--name-only", "main", "file-1.txt", "file-2.txt") == "file-2.txt"
