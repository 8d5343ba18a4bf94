"""What the agents of a pipeline are told: what their flows declare, and nothing that they don't."""

import json
from collections.abc import Callable
from pathlib import Path

from support.project import Project
from support.stations import COMMIT, SEAL, write_flow, write_pipeline, write_scripts

from coordinator.model.step import StepState

Make = Callable[..., Project]


def told(made: Project, turn: str) -> str:
    (place,) = made.layout.runs.glob(f"*/prompts/01/attempt-1/stages/{turn}/prompt.txt")
    return place.read_text()


def merged(made: Project) -> None:
    made.run_loop()
    step = made.snapshot().steps[1]
    assert step.state is StepState.MERGED, f"{step.reason}\n{made.said()[-4000:]}"


def write(*names: str) -> str:
    """Artifacts with a canary in each."""
    return "".join(f'echo "canary of {name}" >"$COORD_OUT/{name}"\n' for name in names)


def test_a_station_is_told_what_it_declares_and_no_other_artifact(make: Make) -> None:
    made = make({})
    write_flow(made, "asker", outputs="[a.md, b.md]")
    write_flow(made, "builder", reads="[a.md, c.md?]", outputs="[c.md]", writes="['**']")
    write_flow(made, "looker", reads="[c.md, b.md]")
    write_pipeline(made, "trio", "asker", "builder", "looker")
    scripts = {"asker": write("a.md", "b.md"), "builder": write("c.md") + "coord context >said.txt\n" + COMMIT}
    write_scripts(made, {**scripts, "looker": ""})
    made.add(1, pipeline="trio")
    merged(made)
    declared = {"asker": "", "builder": "a", "looker": "bc"}
    for turn, names in declared.items():
        text = told(made, turn)
        assert f"# How to {turn}" in text
        assert "# Prompt 01: Prompt 1" in text
        for name in "abc":
            assert (f"> canary of {name}.md" in text) is (name in names), (turn, name)
    assert "Not there: `c.md`" in told(made, "builder")
    assert "> - asker: done: asker is done" in told(made, "builder")
    assert made.repository.git("show", "main:said.txt") == told(made, "builder").strip()


def test_what_a_critic_finds_reaches_the_author_and_the_round_is_told(make: Make) -> None:
    made = make({})
    write_flow(made, "author", reads="['code_worklist.json?']", writes="['**']")
    write_flow(made, "critic", outputs="[code_worklist.json]")
    write_pipeline(made, "duo", "author", "critic loop=author rounds=2")
    item = {"id": "RW-001", "severity": "MAJOR", "summary": "it leaks", "status": "PENDING", "route_to": "author"}
    lists = [(1, {"items": [item]}), (2, {"items": [item | {"status": "RESOLVED"}]})]
    lines = [
        f"""[ $COORD_ROUND != {n} ] || echo '{json.dumps(it)}' >"$COORD_OUT/code_worklist.json"\n""" for n, it in lists
    ]
    critic = "".join(lines)
    write_scripts(made, {"author": 'echo "$COORD_ROUND" >>work.txt\n' + COMMIT, "critic": critic})
    made.add(1, pipeline="duo")
    merged(made)
    assert made.repository.git("show", "main:work.txt").split() == ["1", "2"]
    text = told(made, "author.2")
    assert "> - RW-001 MAJOR: it leaks" in text
    assert "You are `author`, in round 2." in text
    assert "Why it is your turn: 1 open item: round 2 of 2" in text
    assert "RW-001" not in told(made, "author")


def test_an_artifact_that_was_changed_where_it_lies_is_given_as_its_maker_handed_it_in(make: Make) -> None:
    made = make({})
    write_flow(made, "asker", outputs="[a.md]")
    write_flow(made, "liar", writes="['**']")
    write_flow(made, "looker", reads="[a.md]")
    write_pipeline(made, "trio", "asker", "liar", "looker")
    forge = 'for file in "$COORD_ROOT"/.coord/runs/*/trio/01-1/a.md; do echo forged >"$file"; done; echo x >x.txt\n'
    write_scripts(made, {"asker": write("a.md"), "liar": forge + COMMIT, "looker": 'cat "$COORD_IN/a.md" >&2\n'})
    made.add(1, pipeline="trio")
    merged(made)
    assert "> canary of a.md" in told(made, "looker")
    assert "forged" not in told(made, "looker")


def test_secrets_in_an_artifact_are_not_told(make: Make) -> None:
    made = make({})
    write_flow(made, "asker", outputs="[a.md]")
    write_flow(made, "looker", reads="[a.md]")
    write_pipeline(made, "duo", "asker", "looker")
    secret = "ghp_" + "a1B2" * 9
    write_scripts(made, {"asker": f'echo "token {secret}" >"$COORD_OUT/a.md"\n', "looker": ""})
    made.add(1, pipeline="duo")
    merged(made)
    assert "> token" in told(made, "looker")
    assert secret not in told(made, "looker")


BUILD = {
    "requirements-author": ("requirements.md",),
    "test-author": ("test_changes.md",),
    "test-critic": ("test_critique.md",),
    "implementer": ("impl_changes.md",),
    "code-critic": ("code_critique.md",),
}
"""Stations of `build` → prose that they hand in, each file with a canary."""


def test_each_station_of_build_is_told_what_its_flow_declares(make: Make) -> None:
    from coordinator.storage.flows import read_flows

    made = make({})
    flows = {flow.name: flow for flow in read_flows(made.layout).items}
    ledger = {"requirements-author": {"description": "canary of ac_status.json"}, "test-author": {"tests_written": "1"}}
    ledger |= {"implementer": {"impl_status": "done"}, "cleanup": {"verify_status": "passed"}}
    made.layout.scripts.mkdir(exist_ok=True)
    for station in (*BUILD, "cleanup"):
        text = write(*BUILD.get(station, ()))
        if station in ledger:
            text += f"""echo '{json.dumps({"acs": {"AC-1": ledger[station]}})}' >"$COORD_OUT/ac_status.json"\n"""
        for name in (one for one in flows[station].outputs if one.endswith("worklist.json")):
            item = {"id": "RW-001", "summary": f"canary of {name}", "status": "RESOLVED"}
            text += f"""echo '{json.dumps({"items": [item]})}' >"$COORD_OUT/{name}"\n"""
        if station == "test-author":
            text += "mkdir -p tests; echo 'assert 1' >tests/test_a.py\n" + COMMIT
        if station == "implementer":
            text += "echo 1 >app.py\n" + COMMIT
        if station == "cleanup":
            text += "exit 1\n"
        (made.layout.scripts / f"{station}.sh").write_text(f"set -eu\n{text}{SEAL}")
    made.add(1, pipeline="build")
    made.start_loop()
    made.sees(lambda _: list(made.layout.runs.glob("*/prompts/01/attempt-1/stages/cleanup/prompt.txt")), timeout=60)
    made_before: set[str] = set()
    for station in (*BUILD, "cleanup"):
        text = told(made, station)
        reads = {name.removesuffix("?") for name in flows[station].reads}
        for name in sorted(made_before):
            assert (f"canary of {name}" in text) is (name in reads), (station, name)
        made_before |= {name.partition("#")[0].removesuffix("?") for name in flows[station].outputs}
    assert len(made_before) > 7


def test_what_is_not_declared_is_not_in_its_folder_either(make: Make) -> None:
    made = make({})
    write_flow(made, "asker", outputs="[a.md, b.md]")
    write_flow(made, "looker", reads="[a.md]")
    write_pipeline(made, "duo", "asker", "looker")
    write_scripts(made, {"asker": write("a.md", "b.md"), "looker": ""})
    made.add(1, pipeline="duo")
    merged(made)
    (folder,) = made.layout.runs.glob("*/prompts/01/attempt-1/stages/looker/in")
    assert [path.name for path in Path(folder).iterdir()] == ["a.md"]
