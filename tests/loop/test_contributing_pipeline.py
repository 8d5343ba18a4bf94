"""The pipeline of the page for contributors works as it stands there."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from support.project import Project
from support.stations import COMMIT, write_scripts

from coordinator.model.step import StepState

PAGE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


def test_the_pipeline_of_ten_lines_works_as_it_stands_there(make: Callable[..., Project]) -> None:
    section = PAGE.read_text().partition("## A pipeline\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"(?:^    .*\n|^\n)+(?=^As `second-look)", section, re.MULTILINE)
    text = dedent(block).strip("\n") + "\n"
    assert len(text.splitlines()) <= 10
    made = make({})
    made.layout.pipelines.mkdir(parents=True)
    (made.layout.pipelines / "second-look.md").write_text(text)
    item = {"id": "RW-001", "severity": "MAJOR", "summary": "it leaks", "status": "PENDING", "route_to": "executor"}
    found, mended = (json.dumps({"items": [one]}) for one in (item, item | {"status": "RESOLVED"}))
    critic = f"""[ "$COORD_ROUND" != 1 ] || echo '{found}' >"$COORD_OUT/code_worklist.json"
[ "$COORD_ROUND" != 2 ] || echo '{mended}' >"$COORD_OUT/code_worklist.json"
echo looked >"$COORD_OUT/code_critique.md"; echo no >not-mine.txt
"""
    work = 'echo "$COORD_ROUND" >>work.txt\n[ "$COORD_ROUND" = 1 ] || grep -q leaks "$COORD_IN/code_worklist.json"\n'
    write_scripts(made, {"executor": work + COMMIT, "code-critic": critic})
    made.add(1, pipeline="second-look")
    made.run_loop()
    step = made.snapshot().steps[1]
    assert step.state is StepState.MERGED, f"{step.reason}\n{made.said()[-4000:]}"
    assert made.repository.git("show", "main:work.txt").split() == ["1", "2"]
    routed = [(event.data["from"], event.data["to"]) for event in made.events("flow.routed")]
    turns = ["executor", "code-critic", "executor.2", "code-critic.2"]
    assert routed == list(zip(["", *turns], [*turns, ""], strict=True))
    assert made.attempts(1)[-1]["state"] == "merged"
    assert {event.data["files"][0] for event in made.events("ownership.violated")} == {"not-mine.txt"}
