"""Claude Code at every station of `build`: to merged and sealed, each told all that its flow declares."""

import json
from pathlib import Path

import pytest
from support.building import ARTIFACTS, STATIONS, TURNS, with_sample
from support.fake_api import Step, shell
from support.real_agents import FREE, real_project

from coordinator.model.snapshot import Snapshot

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WORK = 'sh "$COORD_ROOT/.coord/scripts/{station}.sh"'
CANARIES = {
    "requirements.md": "A bucket that tells how long to wait",
    "ac_status.json": "numbers that make no sense are refused",
    "test_changes.md": "all fail, since there is no retry_after",
    "test_worklist.json": "nothing tests a cost above the capacity",
    "test_critique.md": "AC-2: RESOLVED",
    "impl_changes.md": "retry_after, and what makes no sense is refused",
    "code_worklist.json": "a capacity of 0 and a negative cost are taken",
    "code_critique.md": "AC-3: RESOLVED",
}
"""Words of each artifact as it is published last, which stand nowhere else."""
TOLD = {
    "requirements-author": (),
    "test-author": ("requirements.md", "ac_status.json"),
    "test-critic": ("requirements.md", "ac_status.json", "test_changes.md"),
    "implementer": ("requirements.md", "ac_status.json", "test_changes.md", "test_critique.md"),
    "code-critic": ("requirements.md", "ac_status.json", "impl_changes.md"),
    "implementer.2": ("requirements.md", "ac_status.json", "test_changes.md", "test_critique.md", "code_worklist.json"),
    "cleanup": tuple(CANARIES),
}
"""Turn → artifacts that its flow declares and that are there by then."""


def test_claude_code_builds_to_merged_and_sealed_and_is_told_all_that_its_flows_declare(tmp_path: Path) -> None:
    steps = {
        f"02-1-{turn}": [shell(WORK.format(station=turn.partition(".")[0])), Step("Done.")]
        for turn in (*TURNS, *(f"{turn}.3" for turn in ("test-author", "implementer")))
    }
    settings = {"runtime": "claude", "max_parallel": 1}
    with real_project(tmp_path, steps, {}, FREE, settings=settings) as (made, api):
        with_sample(made)
        for station, script in STATIONS.items():
            (made.layout.scripts / f"{station}.sh").write_text(script)
        process = made.start_loop("--until-idle")

        def over(snapshot: Snapshot) -> bool:
            asked = [question.text for question in snapshot.open_questions]
            assert not asked, f"{asked}\n{made.said()[-6000:]}"
            return process.poll() is not None

        made.sees(over, timeout=400, message="the loop's end")
        assert (process.poll(), made.states()) == (0, {2: "merged"}), made.said()[-6000:]
        assert "capacity <= 0" in made.repository.git("show", "main:tokenbucket/bucket.py")
        routed = [str(event.data["to"]) for event in made.events("flow.routed") if event.data["to"]]
        assert routed == list(TURNS)
        (event,) = made.events("flow.sealed")
        assert (event.data["sealed"], event.data["reasons"]) == (True, [])
        found = json.loads(made.coord("artifacts", "--json").stdout)
        assert {one["name"]: one["station"] for one in found["artifacts"]} == ARTIFACTS

        for turn, names in TOLD.items():
            told, whole = api.told[f"02-1-{turn}"], api.requests[f"02-1-{turn}"]
            assert [name for name in names if CANARIES[name] not in told] == [], turn
            assert [name for name in names if CANARIES[name] not in whole] == [], turn
        assert CANARIES["test_worklist.json"] not in api.told["02-1-code-critic"], "it declares no list of tests"
        assert [name for name, words in CANARIES.items() if words in api.told["02-1-requirements-author"]] == []
