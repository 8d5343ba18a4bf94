"""Claude Code at every phase and task of a staged prompt: to merged, and none is sent a word beyond its context."""

import json
from pathlib import Path
from shlex import quote

import pytest
from support.fake_api import Step, shell
from support.real_agents import FREE, real_project
from support.staged_loop import ALL, PLAN

from coordinator.model.snapshot import Snapshot
from coordinator.model.staged_phases import STAGES, place_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SETTINGS = """\
defaults: {blockOnSeverity: high}
stages:
  TEST:
    commands: {test: "sh tests/CANARY-COMMAND.sh"}
"""
DOES = {
    "PLAN/1.1": 'coord decide "CANARY-DECISION: the first way"',
    "PLAN/1.2": f'mkdir -p "$COORD_OUT" && printf %s {quote(PLAN)} >"$COORD_OUT/plan.md"',
    "IMPLEMENT/2.1/T1": "echo one >one.txt",
    "IMPLEMENT/2.1/T2": "echo two >two.txt",
    "IMPLEMENT/2.1/T3": "cat one.txt two.txt >three.txt",
    "TEST/3.2": "mkdir -p tests && echo 'test -e three.txt' >tests/test_it.sh && git add -A && git commit -qm Tests",
}
TASK = "Write three files, the last of the first two"


def agent(path: str) -> str:
    return f"01-1-{path.replace('/', '+')}"


def tool(verb: str, **values: object) -> Step:
    return Step("", f"mcp__coord__{verb}", values)


def said(path: str) -> str:
    return f"SAID-{path.replace('/', '-')}-END"


def steps(path: str) -> list[Step]:
    place = place_of(path)
    assert place is not None
    record = {place.phase.id: {"status": "completed", "note": f"NOTED-{place.phase.id}"}}
    errors = [{"severity": "low", "message": f"FOUND-{place.phase.id}"}]
    told = {"stageName": place.phase.stage, "status": "completed", "summary": said(path)}
    report = tool("stage", **told, phases=record, errors=errors)
    work = [shell(DOES[path])] if path in DOES else []
    done = tool("done", summary=said(path) if place.task else f"HANDED-{place.phase.id}", no_change=not work)
    return [*work, *([] if place.task else [report]), done, Step("Done.")]


def may_hear(path: str, other: str) -> bool:
    """Whether a turn may be sent what another one said: the phase before it, the stage before it, a dependency."""
    here, there = place_of(path), place_of(other)
    assert here is not None
    assert there is not None
    if here.task:
        return path == other or (here.task == "T3" and there.task in ("T1", "T2"))
    return STAGES.index(here.phase.stage) - STAGES.index(there.phase.stage) in (0, 1)


def test_claude_code_goes_through_all_stages_and_is_sent_nothing_beyond_its_context(tmp_path: Path) -> None:
    scripts = {agent(path): steps(path) for path in ALL}
    settings = {"runtime": "claude", "max_parallel": 2}
    with real_project(tmp_path, scripts, {}, FREE, settings=settings) as (made, api):
        made.layout.milestone.write_text("---\ntitle: CANARY-MILESTONE\nstatus: open\n---\n## Goal\n\nCANARY-GOAL.\n")
        made.layout.learnings.write_text("- CANARY-LEARNED\n")
        made.layout.pipelines.mkdir(parents=True)
        (made.layout.pipelines / "staged.yaml").write_text(SETTINGS)
        path = made.add(1, pipeline="staged")
        text = path.read_text().replace("title: Prompt 1", f"title: {TASK}").replace("Do 1.", "CANARY-BODY.")
        path.write_text(text)
        process = made.start_loop("--until-idle")

        def over(snapshot: Snapshot) -> bool:
            asked = [question.text for question in snapshot.open_questions]
            assert not asked, f"{asked}\n{made.said()[-6000:]}"
            return process.poll() is not None

        made.sees(over, timeout=500, message="the loop's end")
        assert (process.poll(), made.states()) == (0, {1: "merged"}), made.said()[-6000:]
        assert made.repository.git("show", "main:three.txt") == "one\ntwo"
        started = [str(event.data["agent"]) for event in made.events("stage.started")]
        assert sorted(started) == sorted(map(agent, ALL))

        for path_ in ALL:
            told, sent = api.told[agent(path_)], api.requests[agent(path_)]
            place = place_of(path_)
            assert place is not None
            nobodys = ("CANARY-BODY", "CANARY-MILESTONE", "CANARY-GOAL", "CANARY-LEARNED", "PROSE-OF-THE-PLAN")
            own = {"PLAN/1.2": {"PROSE-OF-THE-PLAN"}}.get(path_, set())
            assert {word for word in nobodys if word in sent} == own, path_
            assert ("CANARY-DECISION" in sent) == (path_ == "PLAN/1.1"), path_
            assert ("CANARY-COMMAND" in sent) == (place.phase.stage == "TEST"), path_
            for other in ALL:
                there = place_of(other)
                assert there is not None
                if not may_hear(path_, other):
                    assert said(other) not in sent, (path_, other)
                if there.phase is not place.phase:
                    for word in (f"NOTED-{there.phase.id}", f"FOUND-{there.phase.id}", f"HANDED-{there.phase.id}"):
                        assert word not in sent, (path_, word)
            instructed = {number for number in "123" if f"INSTRUCTED-T{number}" in sent}
            expected = {place.task[1:]} if place.task else set("123") if path_ == "PLAN/1.2" else set()
            assert instructed == expected, path_
            context = json.loads(told.partition("```json\n")[2].partition("\n```")[0])
            assert (context.get("task") == TASK) == (not place.task), path_
        assert said("PLAN/1.1") in api.told[agent("PLAN/1.2")]
        assert said("IMPLEMENT/2.3") in api.told[agent("TEST/3.1")]
        assert said("IMPLEMENT/2.1/T1") in api.told[agent("IMPLEMENT/2.1/T3")]
