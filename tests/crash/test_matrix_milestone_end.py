"""The end of a milestone that iterates, done or stuck, killed at writes of every kind: it ends once, with its page."""

import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.project import WRITE, Project, project
from support.proof import trial
from support.tracing import Call, Point, in_parts, needs_strace, points, run, sample, traced
from support.wait import wait_until
from support.whole import check_explained, check_log, check_no_litter, loop_of, quiet

from coordinator.model.event import Event
from coordinator.storage.milestones import read_handover
from coordinator.storage.runs import current_run

pytestmark = [needs_strace, pytest.mark.slow]
POINTS = 9
"""Points of each end that are tried every time."""
BEFORE = 30
"""Points before the page that are among those which may be chosen: the log is told then."""
SHOWN = "test -e file-1.txt"
VERDICT = """\
coord agent verdict --json - <<'END'
{"met": "MET", "rationale": "I looked", "gaps": [],
 "criteria": [{"id": "SC-1", "status": "STATUS", "command": "SHOWN"}]}
END
coord agent done --no-change --summary 'looked at it'
"""
PLANNER = """\
if [ "$COORD_ITERATION" = 1 ]; then
coord agent plan --json - <<'END'
{"decision": "CONTINUE", "reason": "it is not there",
 "prompts": [{"title": "Make it", "body": "## Tasks\\n\\n- it\\n"}]}
END
else
WAITS
coord agent plan --json - <<'END'
{"decision": "DONE", "reason": "everything is shown"}
END
fi
coord agent done --no-change --summary 'decided'
"""
ONCE = ("planner.decided", "verdict.given", "witness.run", "milestone.status", "run.finished")
"""Kinds of events, besides those of iterations, that are on the log once for each thing that they tell."""


def verdict(*, met: bool) -> str:
    words = {"MET": "yes" if met else "no", "STATUS": "met" if met else "not_met", "SHOWN": SHOWN}
    said = VERDICT
    for name, word in words.items():
        said = said.replace(name, word)
    return said


@contextmanager
def at_the_end(folder: Path, status: str) -> Iterator[Project]:
    """A milestone that lacks only its last step: all agents have spoken, and the loop that would hear them is dead."""
    settings = {"retry_backoff": 0, "planner_plans": "auto", "specialists": "[]"}
    limit = {"max_iterations": 1} if status == "stuck" else {}
    with project(folder, {}, **settings, **limit) as made:
        made.layout.milestone.write_text(
            "---\nid: M1\ntitle: A file\nstatus: open\niterate: true\n---\n"
            "## Goal\n\nA file.\n\n## Success Criteria\n\n- it is there\n"
        )
        (made.layout.suites / "there.md").write_text(f"---\ncommand: {SHOWN}\n---\n")
        wait, last = made.until(), "verifier/1" if status == "stuck" else "planner/2"
        looked = verdict(met=status == "done")
        scripts = {"01": WRITE, "planner": PLANNER.replace("WAITS\n", wait)}
        scripts["verifier"] = wait + looked if status == "stuck" else looked
        for name, script in scripts.items():
            (made.layout.scripts / f"{name}.sh").write_text(script)
        made.start_loop("--until-idle")
        wait_until(
            lambda: any(event.subject == f"flow:{last}" for event in made.events("step.running")),
            timeout=90,
            message=f"{last} at work",
        )
        made.stop_loops()
        made.release()
        wait_until(lambda: not made.agents(), timeout=60, message=f"the end of {last}")
        yield made


class Restored:
    """The project as it was, as often as it is wanted, at the same place."""

    def __init__(self, made: Project) -> None:
        self.made = made
        self._root, self._kept = made.layout.root, made.layout.root.parent / "kept"
        shutil.copytree(self._root, self._kept, symlinks=True)

    def again(self) -> None:
        shutil.rmtree(self._root)
        shutil.copytree(self._kept, self._root, symlinks=True)


def phase_of(call: Call) -> str:
    """Whether a call has to do with the page."""
    return "page" if "/milestones/" in call.given else ""


def around_the_end(trace: Path) -> list[Point]:
    """Points from shortly before the page on."""
    found = points(trace, phase_of)
    first = next(place for place, point in enumerate(found) if point.phase == "page")
    return found[max(0, first - BEFORE) :]


def course(made: Project) -> list[object]:
    """What the log tells of iterations and of the end, in order."""

    def words(event: Event) -> object:
        return (
            event.kind,
            event.subject,
            event.iteration,
            *map(event.data.get, ("status", "decision", "reason", "phase")),
        )

    return [words(event) for event in made.events() if event.kind.startswith("iteration.") or event.kind in ONCE]


def check_end(made: Project, status: str, where: str) -> None:
    snapshot, run_ = made.snapshot(), current_run(made.layout)
    assert snapshot.milestone.status == status, f"{where}: {snapshot.milestone}"
    assert f"status: {status}\n" in made.layout.milestone.read_text(), where
    assert read_handover(made.layout, "M1").startswith("# "), where
    assert run_ is not None, where
    assert (run_.outcome, run_.phase, run_.state == "ended") == (status, "decided", status == "done"), (
        f"{where}: {run_}"
    )
    assert not snapshot.problems, f"{where}: {snapshot.problems}"
    check_log(made, where)
    check_no_litter(made, where)


def kill_and_go_on(made: Project, status: str, trace: Path, point: Point, expected: list[object]) -> str:
    """Kill the loop at a point, start the next one; what the log had told of the end by then."""
    where = f"{status}: {point}"
    done = run(traced(loop_of(made), trace, at=point), quiet(made))
    check_explained(made, where)
    ended, paged = bool(made.events("milestone.status")), bool(read_handover(made.layout, "M1"))
    again = run(loop_of(made), quiet(made))
    assert again.returncode >= 0, f"{where}: {again.stdout}{again.stderr}"
    check_end(made, status, where)
    assert course(made) == expected, f"{where}: {course(made)}"
    if done.returncode != -signal.SIGKILL:
        return "passed"
    return f"{'told' if ended else 'not told'}, {'with' if paged else 'without'} a page"


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("status", ["done", "stuck"])
def test_a_milestone_s_end_killed_at_any_write_comes_once_and_with_its_page(tmp_path: Path, status: str) -> None:
    with at_the_end(tmp_path, status) as made:
        kept = Restored(made)
        undisturbed = run(traced(loop_of(made), tmp_path / "calls"), quiet(made))
        check_end(made, status, f"undisturbed: {undisturbed.stdout}{undisturbed.stderr}")
        expected, found = course(made), around_the_end(tmp_path / "calls")
        assert len(set(map(str, expected))) == len(expected), f"told twice: {expected}"
        chosen, outcomes = sample(found, POINTS), Counter[str]()
        for place, point in enumerate(chosen):
            kept.again()
            with trial(f"coord loop, a milestone that ends {status}", at=point.kind) as one:
                one.came = kill_and_go_on(made, status, tmp_path / f"trace-{place}", point, expected)
            outcomes[one.came] += 1
    print(f"{status}: killed at {len(chosen)} of {len(found)} points, {dict(outcomes)}")
    assert in_parts() or outcomes.total() - outcomes["passed"] >= len(chosen) // 2
