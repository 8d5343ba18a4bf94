"""The services as commands: the plan as JSON, a dry run that changes nothing, --yes that applies, refusals with 3."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.command import coord
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.model.clock import timestamp

Make = Callable[..., Project]
PLAN_KEYS = {
    "plan", "service", "summary", "edits", "order_before", "order_after", "invalidates", "warnings", "applied",
    "number",
}  # fmt: skip


def files(project: Project) -> dict[Path, bytes]:
    folder = project.layout.coord
    paths = [*folder.glob("prompts/*"), folder / "alignment.md", *folder.glob("runs/**/step.json")]
    return {path: path.read_bytes() for path in paths if path.exists()}


@pytest.fixture
def three(make: Make) -> Project:
    """1 → 2 and 3 with dependencies [1]; the next number is 7."""
    made: Project = make({1: (), 2: (1,), 3: (1,), 6: ()})
    made.layout.prompts.joinpath("06-planned-prompt-6.prompt.md").unlink()
    made.layout.counter.write_text("6\n")
    return made


CASES: dict[str, tuple[str, ...]] = {
    "interject": ("interject", "--title", "Between", "--after", "2", "--before", "3", "--reason", "seen in staging"),
    "patch": ("patch", "--title", "Fix", "--fixes", "1", "--went-wrong", "it is slow", "--before-dependents"),
    "edit": ("edit", "2", "--set", "priority=high"),
    "mark": ("edit", "2", "--mark-user-patch", "1", "--went-wrong", "it is slow", "--issue", "line 3"),
    "surgery": ("surgery", "--eliminate", "4", "--rationale", "not worth it"),
    "restart": ("restart", "5"),
    "cancel": ("cancel", "2", "--reason", "not needed"),
}


@pytest.mark.parametrize(
    "before", [("cancel", "3"), ("edit", "3", "--set", "priority=high"), ("edit", "1", "--set", "priority=low")]
)
def test_a_number_that_was_there_at_a_plan_is_not_given_again_when_its_file_is_gone(
    make: Make, before: tuple[str, ...]
) -> None:
    made = make({1: (), 2: (), 3: ()})
    assert coord(*before, "--yes", at=made.layout.root).code == 0
    made.layout.prompts.joinpath("03-planned-prompt-3.prompt.md").unlink()
    planned = coord("interject", "--title", "Next", "--yes", "--json", at=made.layout.root)
    assert planned.json["number"] == 4
    made.layout.counter.unlink()
    if before[1] == "3":  # the log knows it too
        made.layout.prompts.joinpath("04-planned-next.prompt.md").unlink()
        assert (
            coord("patch", "--title", "x", "--fixes", "1", "--dry-run", "--json", at=made.layout.root).json["number"]
            == 5
        )


@pytest.mark.parametrize("arguments", CASES.values(), ids=CASES.keys())
def test_each_service_shows_applies_and_takes_back(three: Project, arguments: tuple[str, ...]) -> None:
    three.add(4, 2, type="emergent", hypothesis="faster")
    three.add(5, 1, status="failed", attempts=1)
    before = files(three)
    dry = coord(*arguments, "--dry-run", "--json", at=three.layout.root)
    assert dry.code == 0, dry.err
    assert set(dry.json) >= PLAN_KEYS
    assert dry.json["applied"] is False
    assert files(three) == before

    done = coord(*arguments, "--yes", "--json", at=three.layout.root)
    assert done.code == 0, done.err
    assert done.json["applied"] is True
    assert [edit["path"] for edit in done.json["edits"]] == [edit["path"] for edit in dry.json["edits"]]
    assert files(three) != before
    assert coord("validate", at=three.layout.root).code == 0
    (event,) = three.events("plan.applied")
    assert (event.data["plan"], event.actor_kind) == (done.json["plan"], "human")

    undone = coord("undo", "--yes", "--json", at=three.layout.root)
    assert undone.code == 0, undone.err
    assert files(three) == before


def test_the_plans_are_listed_with_those_that_stay(three: Project) -> None:
    root = three.layout.root
    assert "No plan was applied yet" in coord("undo", "--list", at=root).out
    for number in ("2", "3"):
        assert coord("edit", number, "--set", "priority=high", "--yes", at=root).code == 0
    path = three.layout.prompts / "03-planned-prompt-3.prompt.md"
    path.write_text(path.read_text() + "later\n")
    newest, older = coord("undo", "--list", "--json", at=root).json["plans"]
    assert "has changed since" in newest["refusal"]
    assert (older["refusal"], older["plan"]) == (None, three.events("plan.applied")[0].data["plan"])
    shown = coord("undo", "--list", at=root).out
    assert shown.index("stays: ") < shown.index(f"coord undo {older['plan']}")
    assert "coord undo --list" in coord("undo", "0", "--yes", at=root).err
    assert coord("undo", older["plan"], "--yes", at=root).code == 0
    assert [plan["plan"] for plan in coord("undo", "--list", "--json", at=root).json["plans"]] == [newest["plan"]]


THIRD = (
    b"---\r\n# why: the bucket must exist first\r\nnumber: 3\r\ntitle:   'Persist  buckets'\r\nstatus: pending\r\n"
    b"dependencies: [1]   # was [2] in the first draft\r\n\r\n'priority':  \"medium\"\r\ncustom: {a: 1}\n---\r\n"
    b"## Tasks\r\n- keep --- this \t\r\n## Acceptance Criteria\n- \xe6\x97\xa5\xe6\x9c\xac, no newline at the end"
)
"""A prompt with both kinds of line ends, comments, quotes and odd blanks."""


def test_the_interjection_of_the_design_changes_one_value_and_no_other_byte(three: Project) -> None:
    third = three.layout.prompts / "03-planned-prompt-3.prompt.md"
    third.write_bytes(THIRD)
    before = files(three)
    flags = ("--title", "Between", "--after", "2", "--before", "3", "--yes", "--json")
    plan = coord("interject", *flags, at=three.layout.root).json
    assert third.read_bytes() == THIRD.replace(b"[1]   #", b"[1, 7]   #")
    (new,) = set(files(three)) - set(before)
    assert new.name == "07-planned-between.prompt.md"
    assert {path for path, was in before.items() if path.read_bytes() != was} == {third}
    assert [edit["change"] for edit in plan["edits"]] == ["create", "modify"]
    coord("undo", "--yes", at=three.layout.root)
    assert files(three) == before


def test_the_interjection_of_the_design(three: Project) -> None:
    plan = coord(
        "interject", "--title", "Between", "--after", "2", "--before", "3", "--yes", "--json", at=three.layout.root
    )
    assert plan.json["number"] == 7
    assert plan.json["order_after"] == [1, 2, 7, 3]
    status = {p["number"]: p for p in coord("status", "--json", at=three.layout.root).json["prompts"]}
    assert status[7]["dependencies"] == [2]
    assert status[3]["dependencies"] == [1, 7]


@pytest.mark.parametrize(
    ("arguments", "what", "remedy"),
    [
        (("interject", "--title", "x", "--after", "2", "--before", "1"), "01 → 02 → new → 01", "run-after"),
        (("interject", "--title", "x", "--before", "4"), "04 is done", "after 04"),
        (("interject", "--title", "x", "--after", "9"), "no prompt 09", "nearest"),
        (("patch", "--title", "x", "--fixes", "9"), "no prompt 09", "nearest"),
        (("edit", "2", "--set", "dependencies=3,9"), "no prompt 09", "coord status"),
        (("edit", "1", "--set", "dependencies=2"), "that is a cycle: ", "leave one"),
        (("edit", "4", "--mark-user-patch", "1"), "04 is done", "coord patch"),
        (("restart", "4"), "04 is done", "coord patch"),
        (("kill", "9"), "no prompt 09", "nearest"),
        (("edit", "4", "--set", "title=x"), "04 is done", "coord patch"),
        (("edit", "2", "--set", "priority=soon"), "would not be readable", ""),
        (("edit", "2", "--set", "number=8"), "keeps its number", "interject"),
        (("kill", "2"), "no running agent", "coord restart"),
        (("restart", "2"), "waiting for its turn", "coord why"),
        (("surgery", "--keep", "2"), "not emergent", "coord patch"),
        (("cancel", "4"), "04 is done", "coord patch"),
        (("undo",), "no plan to take back", "coord undo --list"),
    ],
)
def test_a_refusal_ends_with_3_names_a_remedy_and_writes_nothing(
    three: Project, arguments: tuple[str, ...], what: str, remedy: str
) -> None:
    three.add(4, status="done")
    before = files(three)
    refused = coord(*arguments, "--yes", at=three.layout.root)
    assert refused.code == 3, refused
    assert what in refused.err
    assert remedy in refused.err
    assert files(three) == before
    assert not three.events("plan.applied")


def test_a_body_without_criteria_is_refused_where_they_are_demanded(make: Make, tmp_path: Path) -> None:
    project: Project = make({1: ()}, require_criteria="true")
    body = tmp_path / "body.md"
    body.write_text("## Tasks\n- a\n")
    refused = coord("interject", "--title", "x", "--body", str(body), "--yes", at=project.layout.root)
    assert refused.code == 3
    assert "## Acceptance Criteria" in refused.err
    assert set(project.snapshot().prompts) == {1}


def test_without_a_terminal_nobody_is_asked_and_nothing_written(three: Project) -> None:
    before = files(three)
    result = coord("interject", "--title", "x", at=three.layout.root)
    assert result.code == 2
    assert "--yes" in result.err
    assert files(three) == before


@pytest.mark.parametrize("arguments", [*CASES.values(), ("undo",)], ids=[*CASES, "undo"])
def test_an_agent_may_not_do_what_only_a_human_may(
    three: Project, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    three.add(4, 2, type="emergent", hypothesis="faster")
    three.add(5, 1, status="failed", attempts=1)
    assert coord("edit", "3", "--set", "priority=low", "--yes", at=three.layout.root).code == 0
    monkeypatch.setenv("COORD_AGENT", "executor-01-1")
    monkeypatch.setenv("COORD_ROLE", "executor")
    before = files(three)
    refused = coord(*arguments, "--yes", at=three.layout.root)
    assert refused.code == 3
    assert len(refused.err.splitlines()) == 2
    assert files(three) == before
    assert [event.data["actor"] for event in three.events("access.denied")] == ["executor-01-1"]


@pytest.mark.slow
def test_a_running_loop_picks_an_interjection_up_and_holds_the_later_prompt_back(make: Make, tmp_path: Path) -> None:
    project: Project = make({1: (), 2: (1,), 3: (2,)})
    project.add(2, 1, script=project.until("two") + WRITE)
    project.start_loop("--max-parallel", "3")
    project.wait_for(2, "running")
    project.layout.scripts.joinpath("04.sh").write_text(project.until("four") + WRITE)
    plan = coord(
        "interject", "--title", "Between", "--after", "1", "--before", "3", "--yes", "--json", at=project.layout.root
    )
    assert plan.json["number"] == 4
    project.wait_for(4, "running")
    project.release("two")
    project.wait_for(2, "merged")
    assert project.states()[3] == "pending"
    project.release("four")
    project.wait_for(3, "merged")
    started = [e.prompt for e in project.events("step.running")]
    assert started.index(4) < started.index(3)


def test_a_run_before_prompt_in_progress_demands_a_choice(make: Make) -> None:
    project: Project = make({1: (), 2: (1,)})
    project.add(1, script=project.until() + WRITE)
    project.start_loop()
    project.wait_for(1, "running")
    before = files(project)
    asked = coord("interject", "--title", "x", "--before", "1", "--yes", at=project.layout.root)
    assert asked.code == 3
    assert "--running finish" in asked.err
    assert (files(project), project.events("plan.applied")) == (before, [])
    project.layout.scripts.joinpath("03.sh").write_text(WRITE)
    killed = coord("interject", "--title", "x", "--before", "1", "--running", "kill", "--yes", at=project.layout.root)
    assert killed.code == 0, killed.err
    project.release()
    project.wait_for(1, "merged")
    assert [e.prompt for e in project.events("step.merged")][:2] == [3, 1]
    assert [a["attempt"] for a in project.attempts(1)] == [1, 2]


STUBBORN = """\
setsid sh -c 'trap "" HUP TERM; echo $$ >"$0"; while :; do sleep 1; done' {pidfile} &
trap '' HUP TERM
while :; do sleep 1; done
"""


@pytest.mark.slow
def test_kill_leaves_no_process_of_a_stubborn_agent_behind(make: Make, tmp_path: Path) -> None:
    project: Project = make({1: ()})
    pidfile = tmp_path / "grandchild"
    project.add(1, script=STUBBORN.format(pidfile=pidfile))
    project.start_loop()
    wait_until(lambda: pidfile.exists() and pidfile.read_text().strip(), message="the grandchild")
    assert int(pidfile.read_text()) in project.agents(1)
    dry = project.coord("kill", "1", "--hold", "--dry-run", "--json")
    assert json.loads(dry.stdout)["applied"] is False
    assert int(pidfile.read_text()) in project.agents(1)
    done = project.coord("kill", "1", "--hold", "--yes", "--json")
    assert json.loads(done.stdout)["applied"] is True
    assert project.agents(1) == []
    assert project.states()[1] == "blocked"
    asked, killed = (project.events(kind)[0] for kind in ("plan.applied", "agent.killed"))
    assert (timestamp(killed.ts) or 0) - (timestamp(asked.ts) or 0) < 5


@pytest.mark.slow
def test_64_processes_interject_at_once_and_every_edge_is_there(three: Project) -> None:
    command = [sys.executable, "-m", "coordinator.cli.main", "-C", str(three.layout.root), "interject"]

    def interject(place: int) -> int:
        flags = ["--title", f"Number {place}", "--after", "2", "--before", "3", "--yes", "--json"]
        while True:
            done = subprocess.run([*command, *flags], env=three.environment(), capture_output=True, check=False)
            if done.returncode == 0:
                return int(json.loads(done.stdout)["number"])
            assert b"locked for 30 s" in done.stderr, done.stderr  # on a machine so busy it says so, and did nothing

    with ThreadPoolExecutor(64) as pool:
        claimed = list(pool.map(interject, range(64)))
    assert sorted(claimed) == list(range(7, 71))
    snapshot = three.snapshot()
    assert snapshot.problems == ()
    assert sorted(snapshot.prompts[3].dependencies) == [1, *range(7, 71)]
    assert all(snapshot.prompts[number].dependencies == (2,) for number in claimed)


def test_an_editor_that_saves_between_plan_and_apply_loses_nothing(three: Project) -> None:
    """The same command again plans for what the editor saved: both are in the file."""
    path = three.layout.prompts / "03-planned-prompt-3.prompt.md"
    shown = coord(
        "interject", "--title", "x", "--after", "2", "--before", "3", "--dry-run", "--json", at=three.layout.root
    )
    assert shown.code == 0
    path.write_text(path.read_text() + "\nA line of the editor.\n")
    done = coord("interject", "--title", "x", "--after", "2", "--before", "3", "--yes", at=three.layout.root)
    assert done.code == 0
    assert "A line of the editor." in path.read_text()
    assert three.snapshot().prompts[3].dependencies == (1, 7)


def test_surgery_without_a_verdict_shows_the_emergent_prompts(three: Project) -> None:
    three.add(4, 2, type="emergent", hypothesis="faster in C")
    cards = coord("surgery", "--json", at=three.layout.root).json["emergent"]
    assert [(card["number"], card["hypothesis"]) for card in cards] == [(4, "faster in C")]
    assert "faster in C" in coord("surgery", at=three.layout.root).out


def test_surgery_holds_emergent_work_against_its_diff_and_the_milestone_and_decides_nothing(three: Project) -> None:
    root = three.layout.root
    three.add(4, 2, type="emergent", hypothesis="faster in C")
    (card,) = coord("surgery", "--analysis", "--json", at=root).json["emergent"]
    assert (card["number"], card["files"], card["attempts"]) == (4, None, 0)
    said = coord("surgery", "--analysis", at=root)
    assert (said.code, "Hypothesis" in said.out, "faster in C" in said.out) == (0, True, True)
    assert coord("undo", "--yes", at=root).code != 0


def test_edit_opens_the_editor_and_refuses_what_it_would_break(three: Project, tmp_path: Path) -> None:
    """In a real terminal: the editor breaks the file, and nothing is saved."""
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/^status: .*/status: sometime/' \"$1\"\n")
    editor.chmod(0o755)
    before = files(three)
    out = in_a_terminal(three, "edit 2", EDITOR=str(editor))
    assert "would not be readable" in out
    assert files(three) == before


def test_a_confirmed_plan_is_applied_and_a_declined_one_is_not(three: Project) -> None:
    declined = in_a_terminal(three, "interject --title No --after 2", answer="n\n")
    assert "nothing was changed" in declined
    accepted = in_a_terminal(three, "interject --title Yes --after 2", answer="y\n")
    assert "applied" in accepted
    assert [p.title for n, p in three.snapshot().prompts.items() if n > 3] == ["Yes"]


def in_a_terminal(project: Project, command: str, answer: str = "", **environ: str) -> str:
    """Run a coord command on a pseudo-terminal; what it printed."""
    import pty

    argv = [sys.executable, "-m", "coordinator.cli.main", "-C", str(project.layout.root), *command.split()]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, argv, project.environment(**environ))
    said = b""
    sent = not answer
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        said += piece
        if not sent and b"Apply?" in said:
            os.write(terminal, answer.encode())
            sent = True
    os.waitpid(pid, 0)
    os.close(terminal)
    return said.decode()


@pytest.mark.parametrize("arguments", [("loop",), ("loop", "--detach"), ("pause",), ("resume",)])
def test_an_agent_may_not_steer_the_loop(
    three: Project, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COORD_AGENT", "executor-01-1")
    monkeypatch.setenv("COORD_ROLE", "executor")
    assert coord(*arguments, at=three.layout.root).code == 3
    assert not three.layout.loop_json.exists()
    assert [event.data["actor"] for event in three.events("access.denied")] == ["executor-01-1"]


def test_a_stopped_loop_ends_and_its_agents_go_on(make: Make) -> None:
    project: Project = make({1: ()})
    (project.layout.scripts / "01.sh").write_text(project.until() + WRITE)
    loop = project.start_loop()
    project.wait_for(1, "running")
    assert coord("stop", at=project.layout.root).code == 0
    assert loop.wait(90) == 0
    assert project.agents(1)
