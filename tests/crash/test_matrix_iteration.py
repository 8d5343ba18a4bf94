"""What agents of an iteration hand in, killed at writes of every kind: it is there once; a decision is applied once."""

import json
import shlex
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from support.flows import Speaker, executor, planner, specialist, verifier
from support.project import ROOT, Project, project
from support.proof import trial
from support.tracing import Point, in_parts, needs_strace, points, run, sample, traced
from support.whole import check_log, coord_of, quiet

from coordinator.eventlog.store import EventLog
from coordinator.storage import journal

pytestmark = [needs_strace, pytest.mark.slow]
POINTS = 8
"""Points of each that are tried every time."""
BODY = "## Tasks\n\n- do it\n\n## Acceptance Criteria\n\n- it is done\n"
PLAN = {
    "decision": "CONTINUE",
    "reason": "there is a hole",
    "prompts": [
        {"title": "Close it", "body": BODY, "key": "close", "resolves": [1]},
        {"title": "Test it", "body": BODY, "dependencies": ["close"]},
    ],
    "edits": [{"number": 1, "set": {"title": "Other"}}],
    "learnings": "- start small",
}
Role = Callable[[Project], Speaker]
HAND_INS: dict[str, tuple[Role, str, dict[str, object]]] = {
    "plan": (planner, "planner.decided", PLAN),
    "verdict": (verifier, "verdict.given", {"met": "no", "rationale": "not yet", "gaps": ["all of it"]}),
    "feedback": (specialist, "feedback.filed", {"title": "Costs may be negative", "priority": "high"}),
    "learn": (lambda made: executor(made, 1), "learning.noted", {"text": "start small"}),
    "subtask": (lambda made: executor(made, 1), "prompt.created", {"title": "The other half", "waits": True}),
}
"""Verb → who says it, the event that it makes, and what is said."""


def make(folder: Path) -> Project:
    folder.mkdir(parents=True)
    made = Project(folder, {1: []}, {}, {})
    made.layout.milestone.write_text("---\ntitle: A milestone\nstatus: open\niterate: true\n---\n")
    made.coord("feedback", "file", "--title", "Negative costs are taken", "--priority", "high")
    return made


def saying(speaker: Speaker, verb: str, trace: Path, at: Point | None = None) -> "tuple[list[str], dict[str, str]]":
    """The command that hands in, with its values on standard input, and its environment."""
    values = trace.with_name("values.json")
    values.write_text(json.dumps(HAND_INS[verb][2]))
    command = traced(coord_of(speaker.project, "agent", verb, "--json", "-"), trace, at=at)
    return ["sh", "-c", f"exec {shlex.join(command)} <{shlex.quote(str(values))}"], {
        **quiet(speaker.project),
        **speaker.environ,
    }


def kill_hand_in(folder: Path, verb: str, point: Point) -> str:
    """Kill the command at a point; its agent makes the same call again."""
    made, (role, kind, values), where = make(folder), HAND_INS[verb], f"{verb}: {point}"
    try:
        before = len(made.events(kind))
        speaker = role(made)
        done = run(*saying(speaker, verb, folder / "trace", point))
        assert done.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), f"{where}: {done.stderr}"
        came = len(made.events(kind)) - before
        speaker.told(verb, **values)
        speaker.told(verb, **values)
        assert len(made.events(kind)) == before + 1, f"{where}: {made.events(kind)}"
        check_log(made, where)
        snapshot = made.snapshot()
        assert not journal.pending(made.layout), where
        assert len(snapshot.prompts) == (2 if verb == "subtask" else 1), f"{where}: {list(snapshot.prompts)}"
        assert len(list(made.layout.feedback.glob("*.md"))) == (2 if verb == "feedback" else 1), where
        return "passed" if done.returncode == 0 else "handed in" if came else "nothing done"
    finally:
        made.close()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("verb", HAND_INS)
def test_what_is_handed_in_is_there_once_wherever_the_call_is_killed(tmp_path: Path, verb: str) -> None:
    made = make(tmp_path / "rehearsal")
    try:
        speaker = HAND_INS[verb][0](made)
        made.coord("agent", verb, "--help")
        done = run(*saying(speaker, verb, tmp_path / "rehearsal" / "calls"))
        assert done.returncode == 0, done.stderr
    finally:
        made.close()
    found = points(tmp_path / "rehearsal" / "calls", lambda _: "")
    chosen = sample(found, POINTS)
    outcomes = Counter[str]()
    for place, point in enumerate(chosen):
        with trial(f"coord agent {verb}, then its agent repeats it", at=point.kind) as one:
            one.came = kill_hand_in(tmp_path / str(place), verb, point)
        outcomes[one.came] += 1
    print(f"coord agent {verb} killed at {len(chosen)} of {len(found)} points: {dict(outcomes)}")
    assert in_parts() or outcomes["nothing done"]
    assert in_parts() or outcomes.total() - outcomes["passed"] >= min(len(chosen), 4)


# ── the loop carries out a decision


def decide(made: Project) -> tuple[Speaker, int]:
    speaker = planner(made)
    return speaker, speaker.told("plan", **PLAN)["seq"]


def carrying_out(made: Project, seq: int) -> list[str]:
    program = str(ROOT / "tests" / "support" / "carry_out.py")
    return [sys.executable, "-P", program, str(made.layout.root), str(seq), "1"]


def kill_apply(folder: Path, point: Point) -> str:
    """Kill it at a point; the next life of the loop does it again, twice."""
    made, where = make(folder), f"carry out: {point}"
    try:
        _, seq = decide(made)
        done = run(traced(carrying_out(made, seq), folder / "trace", at=point), quiet(made))
        assert done.returncode in (0, -signal.SIGKILL), f"{where}: {done.stderr}"
        made.snapshot()  # whoever looks first finishes what is half-way
        came = len(made.events("plan.applied"))
        for _ in range(2):
            again = run(carrying_out(made, seq), quiet(made))
            assert again.returncode == 0, f"{where}: {again.stderr}"
        (applied,) = made.events("plan.applied")
        assert (applied.actor, applied.data["decision"]) == ("planner-1-1", seq), where
        counts = Counter(event.kind for event in made.events())
        for kind, count in {
            "prompt.created": 2,
            "prompt.edited": 1,
            "feedback.planned": 1,
            "learning.curated": 1,
        }.items():
            assert counts[kind] == count, f"{where}: {counts}"
        snapshot = made.snapshot()
        assert not snapshot.problems, f"{where}: {snapshot.problems}"
        assert not journal.pending(made.layout), where
        assert [prompt.title for prompt in snapshot.prompts.values()] == ["Other", "Close it", "Test it"], where
        first, second = sorted(snapshot.prompts)[1:]
        assert snapshot.prompts[second].dependencies == (first,), where
        assert made.layout.learnings.read_text() == "- start small\n", where
        check_log(made, where)
        return "passed" if done.returncode == 0 else "applied whole" if came else "nothing done"
    finally:
        made.close()


@pytest.mark.timeout(1200)
def test_a_decision_is_applied_whole_and_once_wherever_the_loop_is_killed(tmp_path: Path) -> None:
    with project(tmp_path, {1: []}) as warm:
        run(carrying_out(warm, 1), warm.environment())  # fills the cache of bytecode
    made = make(tmp_path / "rehearsal")
    try:
        _, seq = decide(made)
        done = run(traced(carrying_out(made, seq), tmp_path / "calls"), quiet(made))
        assert done.returncode == 0, done.stderr
        with EventLog(made.layout.events_db) as log:
            assert log.tail(1)[0].data["plan"], "the plan's events are the newest"
    finally:
        made.close()
    found = points(tmp_path / "calls", lambda _: "")
    chosen = sample(found, 2 * POINTS)
    outcomes = Counter[str]()
    for place, point in enumerate(chosen):
        with trial("a Planner's decision while it is applied", at=point.kind) as one:
            one.came = kill_apply(tmp_path / str(place), point)
        outcomes[one.came] += 1
    print(f"carrying out killed at {len(chosen)} of {len(found)} points: {dict(outcomes)}")
    assert in_parts() or {"nothing done", "applied whole"} <= outcomes.keys()
