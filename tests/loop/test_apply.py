"""Plans made real: whole or not at all, logged, undone while nothing was built on them."""

import multiprocessing
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.apply.plans import apply, planning
from coordinator.apply.undo import plan_undo
from coordinator.errors import Refused, StalePlan
from coordinator.lazy.dataclass import replace
from coordinator.model.event import Actor, ActorKind
from coordinator.model.plan import FileEdit, Plan
from coordinator.model.prompt import PromptStatus
from coordinator.model.snapshot import AgentState
from coordinator.observe.finishing import recover
from coordinator.observe.observer import Observer
from coordinator.services.interjection import Interjection, plan_interjection
from coordinator.services.restart import KillRequest, RestartRequest, plan_kill, plan_restart
from coordinator.storage.files import sha256
from coordinator.storage.paths import Layout

ADA = Actor(ActorKind.HUMAN, "ada")
AGENT = Actor(ActorKind.AGENT, "executor-01-1", "executor")
Make = Callable[..., Project]


def interjection(made: Project, title: str = "Check first") -> Plan:
    return plan_interjection(made.snapshot(), Interjection(title, after=(1,), before=(2,), who="ada", at="2027-01-15"))


def files(made: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in made.layout.prompts.iterdir()}


def test_a_plan_is_applied_whole_and_logged_with_who_and_why(make: Make) -> None:
    made = make({1: [], 2: [1]})
    plan = replace(interjection(made), reason="we forgot it")
    apply(made.layout, plan, ADA)
    snapshot = made.snapshot()
    assert snapshot.prompts[3].dependencies == (1,)
    assert snapshot.prompts[2].dependencies == (1, 3)
    applied = made.events("plan.applied")[0]
    assert (applied.actor, applied.subject) == ("ada", "prompt:3")
    assert applied.data["plan"] == plan.id
    assert applied.data["reason"] == "we forgot it"
    assert [e.kind for e in made.events("prompt.created", "prompt.edited")] == ["prompt.created", "prompt.edited"]


def test_a_file_that_changed_since_makes_the_plan_stale_and_nothing_is_written(make: Make) -> None:
    made = make({1: [], 2: [1]})
    plan = interjection(made)
    path = made.layout.root / made.snapshot().prompts[2].path
    path.write_text(path.read_text() + "\nEdited.\n")
    before = files(made)
    with pytest.raises(StalePlan, match="changed since"):
        apply(made.layout, plan, ADA)
    assert files(made) == before
    assert made.events("plan.applied", "prompt.created") == []
    assert not made.layout.plans.exists() or not list(made.layout.plans.iterdir())
    assert interjection(made).number == plan.number


def test_what_a_plan_only_read_makes_it_stale_too(make: Make) -> None:
    made = make({1: [], 2: [1]})
    plan = replace(interjection(made), reads={".coord/milestone.md": sha256(made.layout.milestone.read_bytes())})
    made.layout.milestone.write_text("---\ntitle: Another\n---\n")
    with pytest.raises(StalePlan, match=r"milestone\.md"):
        apply(made.layout, plan, ADA)
    assert 3 not in made.snapshot().prompts


def test_two_plans_for_the_same_number_can_not_both_be_applied(make: Make) -> None:
    made = make({1: [], 2: []})
    snapshot = made.snapshot()
    first, second = (plan_interjection(snapshot, Interjection(title)) for title in ("One", "Two"))
    apply(made.layout, first, ADA)
    with pytest.raises(StalePlan, match="number 3 was taken"):
        apply(made.layout, second, ADA)
    apply(made.layout, plan_interjection(made.snapshot(), Interjection("Two")), ADA)
    assert sorted(made.snapshot().prompts) == [1, 2, 3, 4]


def test_the_number_of_a_plan_that_was_taken_back_is_never_used_again(make: Make) -> None:
    made = make({1: [], 2: [1]})
    apply(made.layout, interjection(made), ADA)
    apply(made.layout, plan_undo(made.layout, made.snapshot()), ADA)
    assert interjection(made).number == 4
    apply(made.layout, interjection(made), ADA)
    assert sorted(made.snapshot().prompts) == [1, 2, 4]


def _interject(root: str, number: int) -> None:
    layout = Layout(root)  # type: ignore[arg-type]
    with planning(layout):
        observer = Observer(layout)
        apply(layout, plan_interjection(observer.snapshot(), Interjection(f"From {number}")), ADA)
        observer.close()


def test_plans_of_many_processes_at_once_get_numbers_of_their_own(make: Make) -> None:
    made = make({1: []})
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.starmap(_interject, [(str(made.layout.root), number) for number in range(16)])
    snapshot = made.snapshot()
    assert sorted(snapshot.prompts) == list(range(1, 18))
    assert not snapshot.problems


def test_an_agent_may_not_apply_a_plan_and_that_is_logged(make: Make) -> None:
    made = make({1: [], 2: [1]})
    before = files(made)
    with pytest.raises(Refused, match="may not write"):
        apply(made.layout, interjection(made), AGENT)
    assert files(made) == before
    assert [e.data["actor"] for e in made.events("access.denied")] == ["executor-01-1"]


def test_a_plan_is_taken_back_byte_for_byte(make: Make) -> None:
    made = make({1: [], 2: [1]})
    before = files(made)
    plan = interjection(made)
    apply(made.layout, plan, ADA)
    undo = plan_undo(made.layout, made.snapshot())
    assert undo.undoes == plan.id
    apply(made.layout, undo, ADA)
    assert files(made) == before
    assert made.events("plan.undone")[0].data["undoes"] == plan.id
    with pytest.raises(Refused, match="no plan to take back"):
        plan_undo(made.layout, made.snapshot())


def test_undo_is_refused_once_something_was_built_on_it(make: Make) -> None:
    made = make({1: [], 2: [1]})
    plan = interjection(made)
    apply(made.layout, plan, ADA)
    path = made.layout.root / made.snapshot().prompts[3].path
    path.write_text(path.read_text() + "\nMore.\n")
    with pytest.raises(Refused, match="has changed since"):
        plan_undo(made.layout, made.snapshot(), plan.id)


def test_undo_is_refused_once_its_prompt_was_started(make: Make) -> None:
    made = make({1: [], 2: [1]})
    plan = interjection(made)
    apply(made.layout, plan, ADA)
    (made.layout.scripts / "03.sh").write_text("coord agent blocked --reason 'no'\n")
    made.run_loop()
    with pytest.raises(Refused, match="03 has been started"):
        plan_undo(made.layout, made.snapshot(), plan.id)


@pytest.mark.parametrize("plan_id", ["../../etc/passwd", "x", "01a3185c-507b-775a-a728-6052c9b292b9"])
def test_undo_of_what_is_no_plan_is_refused(make: Make, plan_id: str) -> None:
    made = make({1: []})
    with pytest.raises(Refused):
        plan_undo(made.layout, made.snapshot(), plan_id)


def test_events_of_a_plan_whose_process_was_killed_are_logged_by_the_next_one(make: Make) -> None:
    made = make({1: [], 2: [1]})
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from coordinator.apply import plans as module\n"
        "from coordinator.storage.paths import Layout\n"
        "from coordinator.model.event import Actor, ActorKind\n"
        "from coordinator.observe.observer import Observer\n"
        "from coordinator.services.interjection import Interjection, plan_interjection\n"
        "module.log_note = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "layout = Layout(Path(sys.argv[1]))\n"
        "plan = plan_interjection(Observer(layout).snapshot(), Interjection('Late'))\n"
        "module.apply(layout, plan, Actor(ActorKind.HUMAN, 'ada'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(made.layout.root)], env=made.environment(), check=False)
    assert done.returncode == -signal.SIGKILL
    assert made.events("plan.applied") == []
    for _ in range(2):
        recover(made.layout)
    assert [e.actor for e in made.events("plan.applied")] == ["ada"]
    assert [e.subject for e in made.events("prompt.created")] == ["prompt:3"]


def test_a_path_outside_of_the_project_is_refused(make: Make) -> None:
    made = make({1: []})
    edit = FileEdit("../outside.txt", "create", b"x", None)
    with pytest.raises(Refused, match="outside"):
        apply(made.layout, Plan("01a3185c-507b-775a-a728-6052c9b292b9", "edit", "x", edits=(edit,)), ADA)
    assert not (made.layout.root.parent / "outside.txt").exists()


# ── ending agents

STUBBORN = "trap '' TERM HUP INT\nsetsid sh -c \"trap '' TERM HUP; sleep 600\" &\nwhile :; do sleep 0.1; done\n"


@pytest.mark.parametrize(
    ("then", "state", "status"),
    [
        ("requeue", "pending", PromptStatus.PENDING),
        pytest.param("fail", "failed", PromptStatus.FAILED, marks=pytest.mark.slow),
        pytest.param("hold", "blocked", PromptStatus.BLOCKED, marks=pytest.mark.slow),
    ],
)
def test_a_kill_ends_the_whole_tree_and_does_what_was_asked(
    make: Make, then: str, state: str, status: PromptStatus
) -> None:
    made = make({1: [], 2: []}, {1: STUBBORN}, max_parallel=1, max_attempts=3, retry_backoff=0.1)
    loop = made.start_loop()
    made.wait_for(1, "running")
    wait_until(lambda: len(made.agents(1)) >= 4, message="the agent and what it started")
    made.coord("pause")
    plan = plan_kill(made.snapshot(), KillRequest(1, then, "wrong way"))  # type: ignore[arg-type]
    apply(made.layout, plan, ADA)
    assert made.agents(1) == []
    assert made.states()[1] == state
    snapshot = made.snapshot()
    assert snapshot.prompts[1].status is status
    assert [agent.state for agent in snapshot.agents] == ([] if then == "requeue" else [AgentState.KILLED])
    assert made.events("agent.killed")[0].data["reason"] == "wrong way"
    assert loop.poll() is None
    assert len(made.attempts(1)) == 1
    with pytest.raises(Refused, match="can't be taken back"):
        plan_undo(made.layout, snapshot, plan.id)


def test_a_restarted_agent_is_never_started_beside_the_one_that_is_ended(make: Make) -> None:
    """The first one holds a lock as long as anything of it lives, and takes its time to end."""
    alone = 'exec 9>"$COORD_ROOT/../alone"; flock -n 9 || { coord agent fail --reason "not alone"; exit 1; }\n'
    script = (
        alone
        + 'if [ "$COORD_ATTEMPT" = 1 ]; then trap \'trap "" TERM; sleep 0.3; exit 143\' TERM\n'
        + 'touch "$COORD_ROOT/../at-work"; while :; do sleep 0.05; done; fi\n'
        + WRITE
    )
    made = make({1: []}, {1: script})
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    wait_until((made.repository.root.parent / "at-work").exists, message="the agent to be at work")
    apply(made.layout, plan_restart(made.snapshot(), RestartRequest(1, "again")), ADA)
    assert loop.wait(90) == 0, made.said()
    assert [a["state"] for a in made.attempts(1)] == ["pending", "merged"]


def test_a_held_prompt_starts_again_when_it_is_restarted(make: Make) -> None:
    made = make({1: []}, {1: 'if [ "$COORD_ATTEMPT" = 1 ]; then sleep 600; fi\n' + WRITE})
    loop = made.start_loop()
    made.wait_for(1, "running")
    apply(made.layout, plan_kill(made.snapshot(), KillRequest(1, "hold")), ADA)
    made.wait_for(1, "blocked")
    apply(made.layout, plan_restart(made.snapshot(), RestartRequest(1)), ADA)
    made.wait_for(1, "merged")
    assert loop.poll() is None


@pytest.mark.slow
def test_a_kill_that_was_cut_off_is_finished_by_the_loop(make: Make) -> None:
    made = make({1: []}, {1: STUBBORN})
    loop = made.start_loop()
    made.wait_for(1, "running")
    loop.kill()
    loop.wait()
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from coordinator.apply import kill, plans as module\n"
        "from coordinator.storage.paths import Layout\n"
        "from coordinator.model.event import Actor, ActorKind\n"
        "from coordinator.observe.observer import Observer\n"
        "from coordinator.services.restart import KillRequest, plan_kill\n"
        "kill.finish_kill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "layout = Layout(Path(sys.argv[1]))\n"
        "plan = plan_kill(Observer(layout).snapshot(), KillRequest(1, 'fail', 'enough'))\n"
        "module.apply(layout, plan, Actor(ActorKind.HUMAN, 'ada'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(made.layout.root)], env=made.environment(), check=False)
    assert done.returncode == -signal.SIGKILL
    assert made.states()[1] == "running"
    assert made.run_loop() == 1
    assert made.states()[1] == "failed"
    assert made.agents(1) == []
    assert made.snapshot().steps[1].reason == "enough"


def test_a_loop_killed_while_it_ends_an_agent_leaves_that_to_the_next_one(make: Make) -> None:
    made = make({})
    made.add(1, script="sleep 600\n", timeout=0.5)
    loop = made.start_loop("--until-idle", failpoint="kill-ended")
    assert loop.wait(90) == -signal.SIGKILL
    assert made.states()[1] == "running"
    assert made.run_loop() == 1
    assert "took longer" in made.snapshot().steps[1].reason
    assert len(made.attempts(1)) == 1


def test_killing_what_has_ended_meanwhile_is_stale(make: Make) -> None:
    made = make({1: []})
    (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
    loop = made.start_loop("--until-idle")
    made.wait_for(1, "running")
    plan = plan_kill(made.snapshot(), KillRequest(1))
    made.release()
    assert loop.wait(90) == 0
    with pytest.raises(StalePlan):
        apply(made.layout, plan, ADA)
    assert made.states()[1] == "merged"


def test_an_agent_that_has_ended_is_told_nothing_and_nothing_is_applied(make: Make) -> None:
    from coordinator.model.ids import uuid7
    from coordinator.model.plan import Steer

    made = make({1: []})
    assert made.run_loop() == 0
    late = Plan(uuid7(), "edit", "tell it", effects=(Steer(1, 1, "use a clock"),))
    with pytest.raises(Refused, match="is not at work"):
        apply(made.layout, late, ADA)
    assert made.events("plan.applied") == []
