"""What the page of a milestone costs that has a long history, beside the page of one that has none."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.events import best
from bench.report import Row, print_rows
from coordinator.client.project import ProjectSource
from coordinator.eventlog.store import EventLog
from coordinator.formats.feedback_text import file_name, render
from coordinator.model.event import SYSTEM, Actor, ActorKind, Draft
from coordinator.model.feedback import Feedback
from coordinator.model.prompt import Priority
from coordinator.storage.paths import Layout
from tui.screens.milestone_lines import milestone_lines

FINDINGS = 1_000
ITERATIONS = 100
CRITERIA = 10
_RUN = "run-1"
_PRIORITIES = tuple(Priority)


def main() -> list[Row]:
    """The page read for the first time by a screen, and again as it is whenever the log grew; each with its lines."""
    with _project(0, 0) as empty, _project(FINDINGS, ITERATIONS) as long:
        first = [best(lambda layout=layout: _first(layout)) for layout in (empty, long)]  # type: ignore[misc]
        again = [_again(layout) for layout in (empty, long)]
    what = f"{FINDINGS:,} findings, {ITERATIONS} iterations"
    return [
        Row(f"page of a milestone, {what}: first", first[1], "ms", "an empty one's", first[0]),
        Row(f"page of a milestone, {what}: again", again[1], "ms", "an empty one's", again[0]),
    ]


def _first(layout: Layout) -> None:
    source = ProjectSource(layout)
    try:
        _page(source)
    finally:
        source.close()


def _again(layout: Layout) -> float:
    source = ProjectSource(layout)
    try:
        _page(source)
        return best(lambda: _page(source))
    finally:
        source.close()


def _page(source: ProjectSource) -> None:
    milestone_lines(source.milestone(), ())


@contextmanager
def _project(findings: int, iterations: int) -> Iterator[Layout]:
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        layout.prompts.mkdir(parents=True)
        layout.feedback.mkdir()
        layout.config.write_text("runtime: scripted\n")
        criteria = "".join(f"- criterion {number} holds\n" for number in range(1, CRITERIA + 1))
        layout.milestone.write_text(
            "---\ntitle: Limits\nstatus: open\niterate: true\n---\n\n## Goal\n\nLimit.\n\n"
            f"## Success Criteria\n\n{criteria}"
        )
        for number in range(1, findings + 1):
            title = f"Finding {number} of a specialist"
            item = Feedback(number, title, _PRIORITIES[number % len(_PRIORITIES)], issue="what is wrong\n" * 5)
            (layout.feedback / file_name(number, title)).write_bytes(render(item))
        with EventLog.open(layout.events_db, create=True) as log:
            for number in range(1, iterations + 1):
                _iteration(log, number)
        yield layout


def _iteration(log: EventLog, number: int) -> None:
    """What an iteration leaves on the log: its phases, a verdict with what ran for it, and a decision."""
    claims = [{"id": f"SC-{n}", "status": "met", "command": f"make {n}"} for n in range(1, CRITERIA + 1)]
    verdict = {"met": "partly", "rationale": "not all of it", "criteria": claims, "commit": f"{number:040x}"}
    decided = {"decision": "CONTINUE", "reason": "two criteria are open"}
    ran = [
        Draft(
            "witness.run",
            f"criterion:{claim['id']}",
            {
                "command": claim["command"],
                "exit": 0,
                "commit": f"{number:040x}",
                "digest": "d" * 64,
                "output": "ok\n" * 20,
            },
        )
        for claim in claims
    ]
    started = Draft("iteration.started", "milestone", {"iteration": number, "phase": "planning"})
    ended = Draft("iteration.ended", "milestone", {"iteration": number})
    log.append([started], SYSTEM, _RUN, number)
    for role, kind, data in (("verifier", "verdict.given", verdict), ("planner", "planner.decided", decided)):
        who = Actor(ActorKind.AGENT, f"{role}-{number}-1", role)
        log.append([Draft(kind, f"flow:{role}/{number}", {**data, "iteration": number})], who, _RUN, number)
    log.append([*ran, ended], SYSTEM, _RUN, number)


if __name__ == "__main__":
    print_rows(main())
