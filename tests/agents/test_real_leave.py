"""What the real agent CLIs may do with their own default settings: all that coord needs of them, and nothing else."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shlex import quote
from threading import Event

import pytest
from support.fake_api import Step, shell
from support.project import Project
from support.real_agents import agent_of, questions, real_project, run_in, screen
from support.wait import wait_until

from coordinator.agents.evidence import last_report
from coordinator.agents.registry import find_runtime
from coordinator.lazy.dataclass import replace
from coordinator.model.work import prompt_work

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SHELLS: dict[str, Callable[[str], Step]] = {
    "claude": shell,
    "codex": run_in,
    "gemini": lambda command: Step("", "run_shell_command", {"command": command, "description": "a step"}),
    "opencode": lambda command: Step("", "bash", {"command": command, "description": "a step"}),
}
MODEL = {"gemini": "-m gemini-2.5-flash"}
"""Else it asks another service which model suits the task."""


TOOLS = {"claude": "mcp__coord__", "codex": "mcp__coord__", "gemini": "mcp_coord_", "opencode": "coord_"}
"""What the names of coord's tools begin with."""
AGENTS = dict(enumerate(SHELLS, 1))
CANARY = "Count by a clock that never goes back"
COMMIT = "echo {number} >file-{number}.txt && git add -A && git commit -qm 'Add file {number}'"
COMMITS = ("codex", "opencode")
"""Those that may commit by themselves: the others would ask."""


def by_tools(number: int, name: str, begin: Event) -> list[Step]:
    """A whole prompt, where coord is spoken to by its tools alone."""

    def tool(verb: str, **values: object) -> Step:
        return Step("", f"{TOOLS[name]}{verb}", values, release=begin if verb == "context" else None)

    commits = name in COMMITS
    return [
        tool("context"),
        tool("ask", text=f"Which colour for {number}?", options=["red", "blue"]),
        tool("decide", text=f"It is blue for {number}"),
        *([SHELLS[name](COMMIT.format(number=number))] if commits else []),
        tool("done", summary=f"did {number}", **({} if commits else {"no_change": True})),
        Step("Done."),
    ]


def by_commands(number: int, name: str, begin: Event) -> list[Step]:
    """The same by its commands alone."""
    commits = name in COMMITS
    done = f"coord agent done --summary 'did {number}'"
    lines = [
        "coord context",
        f"coord ask 'Which colour for {number}?' --option red --option blue --wait",
        f"coord decide 'It is blue for {number}'",
        f"{COMMIT.format(number=number)} && {done}" if commits else f"{done} --no-change",
    ]
    first, *others = map(SHELLS[name], lines)
    return [replace(first, release=begin), *others, Step("Done.")]


@pytest.mark.parametrize("script", [by_tools, by_commands])
def test_four_agents_with_their_default_settings_work_to_the_end_without_a_dialog(
    tmp_path: Path, script: Callable[[int, str, Event], Sequence[Step]]
) -> None:
    begin = Event()
    scripts = {f"executor-{number:02d}-1": script(number, name, begin) for number, name in AGENTS.items()}
    with real_project(tmp_path, scripts, AGENTS, {}, settings={"max_parallel": 4}) as (made, api):
        calls = noted_calls(made)
        made.start_loop()
        wait_until(lambda: set(made.states().values()) == {"running"}, timeout=60, message="all to be started")
        made.coord("decide", CANARY)  # too late for what they were told at the start
        begin.set()

        def at_the_end() -> bool:
            for question in questions(made):
                made.coord("answer", str(question["seq"]), "blue")
            dialogs = {number: found for number in AGENTS if (found := asked_for(made, number))}
            assert not dialogs, f"{dialogs}\n{screens(made, dialogs)}"
            return set(made.states().values()) == {"merged"}

        try:
            wait_until(at_the_end, timeout=420, message="all to be merged")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{screens(made, AGENTS)}\n{made.said()}") from None
        answers = {str(event.data["answer"]) for event in made.events("question.answered")}
        recorded = [event for event in made.events("decision.recorded") if event.actor_kind == "agent"]
        decided = {str(event.data["text"]) for event in recorded}
        assert (answers, decided) == ({"blue"}, {f"It is blue for {number}" for number in AGENTS})
        states = {event.data["state"] for event in made.events("agent.status")}
        assert not states & {"permission", "waiting-for-input"}
        for number, name in AGENTS.items():
            heard = api.requests[f"executor-{number:02d}-1"]
            assert CANARY in heard  # by the context that it read
            assert CANARY not in api.told[f"executor-{number:02d}-1"]
            assert not asked_for(made, number)
            if name in COMMITS:
                assert made.repository.git("show", f"main:file-{number}.txt") == str(number)
        verbs = {line.split()[0] for line in calls.read_text().splitlines()}
        assert verbs == ({"mcp"} if script is by_tools else {"context", "ask", "decide", "agent", "mcp"})


def asked_for(made: Project, number: int) -> list[str]:
    """What an agent's CLI has asked a human since it began, by all that was ever noted of it."""
    runtime = find_runtime(AGENTS[number], {})
    path = made.layout.attempt("run-1", prompt_work(number), 1) / "status.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    reports = [last_report(line, runtime) for line in lines]
    return [f"{report.state.value}: {report.doing}" for report in reports if report and report.state.needs_human]


def screens(made: Project, numbers: Mapping[int, object]) -> str:
    return "\n".join(f"{agent_of(made, number)}\n{screen(made, number)}" for number in numbers)


def beyond(marks: Path) -> list[str]:
    """Commands that begin like allowed ones, or nearly, and would leave a mark, or call `coord` for something else."""
    mark = iter(f"touch {quote(str(marks))}/{number}" for number in range(100))
    return [
        f"coord decide a; {next(mark)}",
        f"coord decide b && {next(mark)}",
        f"coord decide c || {next(mark)}",
        f"coord decide d | tee {quote(str(marks))}/tee",
        f"coord decide e & {next(mark)}",
        f'coord decide "$({next(mark)})"',
        f"coord decide `{next(mark)}`",
        f"coord decide f\n{next(mark)}",
        f"coord decide <({next(mark)})",
        f"coord decide g >{quote(str(marks))}/redirected",
        f"coord decide h; coord kill 1; {next(mark)}",
        "coord kill 1",
        "coord answer 1 yes",
        "coord agents",
        "coord decided i",
        "coord -C /tmp decide j",
        f"bash -c 'coord decide k; {next(mark)}'",
        f"{next(mark)}; coord decide l",
    ]


def noted_calls(made: Project) -> Path:
    """Have each call of `coord` by an agent noted, a line each, in the file that is returned."""
    calls = made.layout.root.parent / "calls"
    calls.touch()
    command = made.command
    note = f'[ -z "$COORD_AGENT" ] || printf "%s\\n" "$*" >>{quote(str(calls))}\n'
    command.write_text(command.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\n{note}"))
    return calls


@pytest.mark.parametrize("name", ["claude", "gemini", "opencode"])
def test_what_only_begins_like_coords_own_verbs_is_not_allowed_by_them(tmp_path: Path, name: str) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    tries = beyond(marks)
    done = "coord agent done --no-change --summary 'tried it; all of (it) & \"more\"'"
    script = [SHELLS[name](command) for command in [*tries, "coord decide 'the last one'", done]]
    goes_on = {"continue_loop_on_deny": True}
    refuses = json.dumps({"permission": {"bash": "ask"}, "experimental": goes_on})  # else it allows whatever there is
    own = {"OPENCODE_CONFIG_CONTENT": refuses} if name == "opencode" else {}
    scripts = {"executor-01-1": [*script, Step("Done.")]}
    with real_project(tmp_path, scripts, {1: name}, MODEL, headless=True, **own) as (made, _):
        calls = noted_calls(made)
        made.start_loop()
        try:
            made.wait_for(1, "merged", timeout=300)
        finally:
            print(calls.read_text(), sorted(path.name for path in marks.iterdir()))
        assert list(marks.iterdir()) == []
        first, second = [line for line in calls.read_text().splitlines() if line != "mcp"]
        assert (first, second[:30]) == ("decide the last one", "agent done --no-change --summa")
