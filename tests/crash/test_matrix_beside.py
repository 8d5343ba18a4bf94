"""Commands killed at writes of every kind beside a loop that lives: it goes on by itself, and comes to the same end."""

import shlex
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.project import Project, project
from support.proof import trial
from support.tracing import Point, in_parts, needs_strace, points, run, sample, traced
from support.wait import wait_until
from support.whole import COUNTED, check_log, check_whole, coord_of, quiet, runs_of

from coordinator.storage import journal
from coordinator.storage.feedback import read_findings

pytestmark = [needs_strace, pytest.mark.slow]
POINTS = 8
"""Points of each command that are tried every time."""
WAITS = "while [ ! -e ../../../../go ]; do sleep 0.02; done\n"
"""A line of a script, run in its worktree, that waits for `release`."""
ASKS = 'coord ask --wait "Which colour?" >colour.txt; git add -A; git commit -qm "Choose"\n' + COUNTED
FAILS_ONCE = 'if [ "$COORD_ATTEMPT" = 1 ]; then coord agent fail --verdict "not yet"; exit 0; fi\n' + COUNTED
HANGS_ONCE = 'if [ "$COORD_ATTEMPT" = 1 ]; then while :; do sleep 0.05; done; fi\n' + COUNTED
NEW = (3, 4, 5)
"""Numbers that a new prompt may get: the first is used up where a process was killed after it had claimed it."""

Prepare = Callable[[Project], None]


def running_and_waiting(made: Project) -> None:
    made.wait_for(1, "running")


@dataclass(frozen=True)
class Scene:
    """A command beside a loop, and what people do before and after."""

    command: Sequence[str]
    prompts: Mapping[int, Sequence[int]]
    did: Callable[[Project], bool]
    """Whether the command did what it is for."""
    scripts: Mapping[int, str] = field(default_factory=lambda: {1: WAITS + COUNTED})
    ready: Prepare = running_and_waiting
    after: Prepare = lambda _: None
    """What else it takes to come to the end."""
    once: Sequence[str] = ()
    """Kinds of events that are on the log once where it did, and not at all where it didn't."""
    settings: Mapping[str, object] = field(default_factory=dict)
    repeat: bool = False
    """People do it again where nothing came of it: the plan doesn't come to its end without."""
    extra: Mapping[int, Mapping[str, object]] = field(default_factory=dict)
    """Further frontmatter of prompts."""
    order: Mapping[bool, Sequence[Sequence[int]]] = field(default_factory=dict)
    """The orders in which prompts may be merged, where it did and where it didn't."""
    cancels: Sequence[int] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """Further files of the project, by their paths in it."""
    runs: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """Attempts in which the script of a prompt really comes to its work; the first where it isn't said."""


def told(*kinds: str) -> Callable[[Project], bool]:
    return lambda made: bool(made.events(*kinds))


def has_new(made: Project) -> bool:
    return any(number in made.snapshot().prompts for number in NEW)


def interjected(made: Project) -> None:
    running_and_waiting(made)
    made.coord("interject", "--title", "Between", "--after", "1", "--before", "2", "--yes")


def asked(made: Project) -> None:
    wait_until(lambda: made.events("question.asked"), message="the question")


def filed(made: Project) -> None:
    running_and_waiting(made)
    made.coord("feedback", "file", "--title", "Crash on an empty list", "--priority", "high")


def waived(made: Project) -> bool:
    return [one.status.value for one in read_findings(made.layout).items] == ["waived"]


def failed(made: Project) -> None:
    made.wait_for(2, "running")
    made.wait_for(1, "failed")


def opened(made: Project) -> None:
    made.wait_for(1, "change-open")


def approve_next(made: Project) -> None:
    def again() -> bool:
        step = made.snapshot().steps[1]
        return step.state.value == "change-open" and step.attempt is not None and step.attempt.attempt == 2

    wait_until(again, timeout=60, message="the change of the second attempt")
    made.coord("review", "1", "--approve")


def merged_first(made: Project) -> None:
    made.wait_for(1, "merged")
    made.wait_for(2, "running")


def witnessed(made: Project) -> None:
    if made.events("witness.asked"):
        wait_until(lambda: made.events("witness.run"), timeout=60, message="the run that was asked for")


CHAIN = {1: [], 2: [1]}
NAMES_A_COMMAND = COUNTED.replace("coord agent done", "coord agent done --validation 'test -e file-1.txt'")
CRITERION = "---\ntitle: Files\n---\n\n## Goal\n\nFiles.\n\n## Success Criteria\n\n- they are there\n"
SCENES = {
    "interject": Scene(
        ["interject", "--title", "Between", "--after", "1", "--before", "2", "--reason", "for safety", "--yes"],
        CHAIN,
        has_new,
        once=("plan.applied", "prompt.created"),
        order={True: [[1, 3, 2], [1, 4, 2]], False: [[1, 2]]},
    ),
    "edit": Scene(
        ["edit", "2", "--set", "title=Edited", "--set", "priority=high", "--feedback", "be brief", "--yes"],
        CHAIN,
        lambda made: made.snapshot().prompts[2].title == "Edited",
        once=("plan.applied", "prompt.edited"),
        order={True: [[1, 2]], False: [[1, 2]]},
    ),
    "patch": Scene(
        ["patch", "--title", "Mend", "--fixes", "1", "--went-wrong", "all of it", "--before", "2", "--yes"],
        CHAIN,
        has_new,
        once=("plan.applied", "prompt.created"),
        order={True: [[1, 3, 2], [1, 4, 2]], False: [[1, 2]]},
    ),
    "surgery": Scene(
        ["surgery", "--eliminate", "2", "--rationale", "it leads nowhere", "--yes"],
        CHAIN,
        lambda made: made.snapshot().prompts[2].status.value == "cancelled",
        extra={2: {"type": "emergent", "hypothesis": "it may help"}},
        once=("plan.applied", "prompt.cancelled"),
        cancels=[2],
        order={True: [[1]], False: [[1, 2]]},
    ),
    "cancel": Scene(
        ["cancel", "2", "--reason", "not needed", "--yes"],
        CHAIN,
        lambda made: made.snapshot().prompts[2].status.value == "cancelled",
        once=("plan.applied", "prompt.cancelled"),
        cancels=[2],
        order={True: [[1]], False: [[1, 2]]},
    ),
    "undo": Scene(
        ["undo", "--yes"],
        CHAIN,
        lambda made: not has_new(made),
        ready=interjected,
        once=("plan.undone",),
        order={True: [[1, 2]], False: [[1, 3, 2]]},
    ),
    "restart": Scene(
        ["restart", "1", "--reason", "try again", "--yes"],
        {1: [], 2: []},
        told("plan.applied"),
        scripts={1: FAILS_ONCE, 2: WAITS + COUNTED},
        ready=failed,
        repeat=True,
        once=("plan.applied",),
        runs={1: ["2"]},
    ),
    "kill": Scene(
        ["kill", "1", "--requeue", "--reason", "it hangs", "--yes"],
        {1: []},
        told("plan.applied"),
        scripts={1: HANGS_ONCE},
        repeat=True,
        once=("plan.applied", "agent.killed"),
        runs={1: ["2"]},
    ),
    "answer": Scene(
        ["answer", "QUESTION", "blue"],
        {1: []},
        told("question.answered"),
        scripts={1: ASKS},
        ready=asked,
        repeat=True,
        once=("question.answered",),
    ),
    "feedback waive": Scene(
        ["feedback", "waive", "1", "--reason", "nobody calls it so", "--yes"],
        {1: []},
        waived,
        ready=filed,
        once=("plan.applied", "feedback.waived"),
    ),
    "accept": Scene(
        ["accept", "SC-1", "--reason", "I have seen them"],
        {1: []},
        told("criterion.accepted"),
        files={".coord/milestone.md": CRITERION},
        once=("criterion.accepted",),
    ),
    "witnesses --run": Scene(
        ["witnesses", "--run", "AC-01-1", "--no-wait"],
        CHAIN,
        told("witness.asked"),
        scripts={1: NAMES_A_COMMAND, 2: WAITS + COUNTED},
        ready=merged_first,
        after=witnessed,
        once=("witness.asked", "witness.begun", "witness.run"),
    ),
    "review --approve": Scene(
        ["review", "1", "--approve", "--note", "fine"],
        {1: []},
        told("change.approved"),
        scripts={1: COUNTED},
        settings={"gate": "review"},
        ready=opened,
        repeat=True,
        once=("plan.applied", "change.approved"),
    ),
    "review --reject": Scene(
        ["review", "1", "--reject", "say it shorter"],
        {1: []},
        told("change.rejected"),
        scripts={1: COUNTED},
        settings={"gate": "review"},
        ready=opened,
        repeat=True,
        once=("change.rejected",),
        after=approve_next,
        runs={1: ["1", "2"]},
    ),
}


def make(folder: Path, scene: Scene) -> Project:
    made = Project(folder, {}, {}, {"max_parallel": 2, **scene.settings})
    for number, needs in scene.prompts.items():
        made.add(number, *needs, script=scene.scripts.get(number, COUNTED), **scene.extra.get(number, {}))
    for path, text in scene.files.items():
        (made.layout.root / path).write_text(text)
    for number in NEW:
        (made.layout.scripts / f"{number:02d}.sh").write_text(COUNTED)
    return made


def command(made: Project, scene: Scene) -> list[str]:
    """The words; a question is named by its number on the log."""
    asked = made.events("question.asked")
    return coord_of(made, *(str(asked[-1].seq) if word == "QUESTION" else word for word in scene.command))


def rehearse(folder: Path, scene: Scene) -> list[Point]:
    """The points of a command that nothing disturbs."""
    made = make(folder, scene)
    try:
        made.coord("status")  # fills the cache of bytecode
        made.coord(*scene.command[:1], "--help")
        made.start_loop("--until-idle")
        scene.ready(made)
        done = run(traced(command(made, scene), folder / "calls"), quiet(made))
        assert done.returncode == 0, done.stdout + done.stderr
        assert scene.did(made)
    finally:
        made.close()
    return points(folder / "calls", lambda _: "")


def kill_and_see(folder: Path, name: str, scene: Scene, point: Point) -> str:
    """Kill the command at a point, let the loop beside it go on, and check everything; what had come of it."""
    made, where = make(folder, scene), f"{name}: {point}"
    try:
        start = made.repository.head()
        loop = made.start_loop("--until-idle")
        scene.ready(made)
        done = run(traced(command(made, scene), folder / "trace", at=point), quiet(made))
        assert done.returncode in (0, -signal.SIGKILL), f"{where}: {done.stderr}"
        wait_until(lambda: not journal.pending(made.layout), message=f"{where}: the loop to finish the plan by itself")
        check_log(made, where)
        assert not made.snapshot().problems, f"{where}: {made.snapshot().problems}"
        did = scene.did(made)
        if not did and scene.repeat:
            run(command(made, scene), quiet(made))
        made.release()
        scene.after(made)
        assert loop.wait(90) == 0, f"{where}: {made.said()}"
        check_end(made, scene, start, where, did=did)
        return "passed" if done.returncode == 0 else "applied whole" if did else "nothing done"
    finally:
        made.close()


def check_end(made: Project, scene: Scene, start: str, where: str, *, did: bool) -> None:
    """The end is that of an undisturbed run, with the command or without it."""
    done = did or scene.repeat
    check_whole(made, start, where, known=[], cancelled=scene.cancels if done else ())
    for kind in scene.once:
        before = 1 if kind in ("plan.applied", "prompt.created") and scene.ready is interjected else 0
        assert len(made.events(kind)) == before + done, f"{where}: {[*made.events(kind)]}"
    merged = [event.prompt for event in made.events("step.merged")]
    assert done not in scene.order or merged in scene.order[done], f"{where}: merged {merged}"
    for number in merged:
        assert number is not None
        assert runs_of(made, number) == list(scene.runs.get(number, ["1"])), f"{where}: {number} ran"
    asked = made.events("question.asked")
    assert all(question.answer == "blue" for question in made.snapshot().questions), where
    assert not asked or made.layout.alignment.read_text().count("blue") == 1, where


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", SCENES)
def test_a_command_killed_at_any_write_beside_a_living_loop_is_done_whole_or_not_at_all(
    tmp_path: Path, name: str
) -> None:
    scene = SCENES[name]
    found = rehearse(tmp_path / "rehearsal", scene)
    chosen = sample(found, POINTS)
    outcomes = Counter[str]()
    for place, point in enumerate(chosen):
        with trial(f"coord {name}, beside a loop", at=point.kind) as one:
            one.came = kill_and_see(tmp_path / str(place), name, scene, point)
        outcomes[one.came] += 1
    print(f"coord {name} killed at {len(chosen)} of {len(found)} points: {dict(outcomes)}")
    assert in_parts() or outcomes.total() - outcomes["passed"] >= min(len(chosen), 5)


# ── hand-offs: the command is the agent's

WORK = COUNTED.replace('coord agent done --summary "wrote file $COORD_PROMPT"\n', "")
WORDS = ("agent", "done", "--summary", "wrote the file", "--decision", "use a file")
HAND_OFF = f"coord {shlex.join(WORDS)}\n"


def handing_off(trace: Path, at: Point | None, *, again: bool) -> str:
    """An agent that hands off under strace; where that is killed, it repeats it, or dies. Its next attempt does not."""
    command = shlex.join(traced([sys.executable, "-m", "coordinator.cli.main", *WORDS], trace, at=at))
    return f'{WORK}[ "$COORD_ATTEMPT" = 1 ] || exec {HAND_OFF}{command} || {HAND_OFF if again else "exit 1"}\n'


def rehearse_hand_off(folder: Path) -> list[Point]:
    folder.mkdir()
    with project(folder / "made", {1: []}, {1: handing_off(folder / "trace", None, again=False)}) as made:
        made.coord("status")
        made.coord("agent", "done", "--help")
        made.own_environment = {"PYTHONDONTWRITEBYTECODE": "1"}
        assert made.run_loop() == 0, made.said()
    return points(folder / "trace", lambda _: "")


def kill_hand_off(folder: Path, point: Point, *, again: bool) -> str:
    """Kill `coord agent done` at a point; the agent repeats it, or its process ends. What had come of the first."""
    folder.mkdir()
    where = f"agent done, {'repeated' if again else 'its process ended'}: {point}"
    scripts = {1: handing_off(folder / "trace", point, again=again), 2: WAITS + COUNTED}
    with project(folder / "made", {1: [], 2: []}, scripts, max_parallel=2) as made:
        made.own_environment = {"PYTHONDONTWRITEBYTECODE": "1"}
        start = made.repository.head()
        loop = made.start_loop("--until-idle")
        wait_until(lambda: made.states()[1] in ("merged", "failed"), timeout=60, message=f"{where}: the end of 01")
        state, given = made.states()[1], made.events("handoff.given")
        assert state == ("merged" if again or given else "failed"), f"{where}: {state}, {given}"
        if state == "failed":
            made.coord("restart", "1", "--yes")
            made.wait_for(1, "merged", timeout=60)
        made.release()
        assert loop.wait(90) == 0, f"{where}: {made.said()}"
        check_whole(made, start, where, known=[])
        told = [event.prompt for event in made.events("handoff.given")]
        assert told == [1, 2], f"{where}: {told}"
        words = made.layout.alignment.read_text()
        assert (words.count("## Prompt 01"), words.count("wrote the file")) == (1, 1), f"{where}: {words}"
        assert [one["attempt"] for one in made.attempts(1)] == ([1] if state == "merged" else [1, 2]), where
        if "killed by SIGKILL" not in (folder / "trace").read_text():
            return "passed"
        return "handed off once" if again else "handed off" if given else "nothing done"


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("again", [True, False], ids=["the-agent-repeats-it", "its-process-ends"])
def test_a_hand_off_killed_at_any_write_is_given_once_or_not_at_all(tmp_path: Path, again: bool) -> None:
    found = rehearse_hand_off(tmp_path / "rehearsal")
    chosen = sample(found, POINTS)
    outcomes = Counter[str]()
    for place, point in enumerate(chosen):
        with trial(f"coord agent done, then its agent {'repeats it' if again else 'dies'}", at=point.kind) as one:
            one.came = kill_hand_off(tmp_path / str(place), point, again=again)
        outcomes[one.came] += 1
    print(f"coord agent done killed at {len(chosen)} of {len(found)} points: {dict(outcomes)}")
    assert in_parts() or outcomes.total() - outcomes["passed"] >= min(len(chosen), 5)
    assert in_parts() or again or {"handed off", "nothing done"} <= outcomes.keys()
