"""The verbs that look: what they print for people and for programs, and how they fail."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import coord
from support.project import Project

from coordinator.eventlog.store import EventLog
from coordinator.formats.prompt_names import render_new
from coordinator.model.event import SYSTEM, Draft
from coordinator.storage.paths import Layout

HOSTILE = "[@click=app.quit]x[/] \x1b]0;owned\x07\x1b[31m \u202egnp.exe #(touch x) $(touch x)"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    assert coord("init", "--title", "Rate limiting", at=tmp_path).code == 0
    for number, dependencies in ((1, []), (2, [1]), (3, [1, 2])):
        put(tmp_path, number, dependencies)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", folder, *arguments], check=True)


def put(root: Path, number: int, dependencies: list[int], title: str = "", **values: str) -> Path:
    content = render_new(
        number=number, title=title or f"Step {number}", body="## Tasks\n- a\n", dependencies=dependencies, more=values
    )
    path = Layout(root).prompts / f"{number:02d}-planned-x.prompt.md"
    path.write_bytes(content)
    return path


def test_init_makes_a_project_once_and_leaves_what_is_there(project: Path) -> None:
    before = {path: path.read_bytes() for path in (project / ".coord").rglob("*.md")}
    again = coord("init", "--title", "Another", at=project)
    assert again.code == 0
    assert "in place already" in again.out
    assert {path: path.read_bytes() for path in before} == before


def test_init_creates_a_log_that_only_its_owner_reads(project: Path) -> None:
    assert (project / ".coord/events.db").stat().st_mode & 0o777 == 0o600


def test_status_has_the_keys_that_other_tools_rely_on(project: Path) -> None:
    status = coord("status", "--json", at=project).json
    assert set(status) >= {
        "project", "milestone", "run", "iteration", "loop", "counts", "prompts", "agents", "questions", "problems",
    }  # fmt: skip
    assert set(status["loop"]) >= {"state", "reason", "max_parallel"}
    assert status["milestone"].items() >= {"title": "Rate limiting", "status": "open"}.items()
    first, second, third = status["prompts"]
    assert set(first) >= {
        "number", "title", "type", "status", "step", "dependencies", "ready", "blocked_by", "attempts", "agent", "path",
    }  # fmt: skip
    assert (first["ready"], second["ready"]) == (True, False)
    assert third["blocked_by"] == [1, 2]


def test_status_is_the_same_document_by_either_way_in(project: Path) -> None:
    """The short way around the option parser must not drift from the parser's."""
    quick = coord("status", "--json", at=project).json
    parsed = coord("status", "--json", "--json", at=project).json
    assert quick == parsed


def test_status_of_a_project_without_prompts_says_what_to_do(tmp_path: Path) -> None:
    coord("init", at=tmp_path)
    assert "No prompts yet" in coord("status", at=tmp_path).out


def test_graph_tells_nodes_edges_order_and_what_is_wrong(project: Path) -> None:
    put(project, 4, [9])
    put(project, 5, [6])
    put(project, 6, [5])
    graph = coord("graph", "--json", at=project).json
    assert [1, 2] in graph["edges"]
    assert graph["ready"] == [1]
    assert graph["order"][:3] == [1, 2, 3]
    assert graph["cycles"] == [[5, 6, 5]]
    assert graph["dangling"] == [[4, 9]]


def test_graph_for_people_has_a_row_a_prompt(project: Path) -> None:
    rows = coord("graph", at=project).out.splitlines()
    assert len(rows) == 3
    assert "Step 1" in rows[0]


def test_why_names_what_a_prompt_waits_for(project: Path) -> None:
    why = coord("why", "3", "--json", at=project).json
    assert why["ready"] is False
    assert {b["subject"] for b in why["because"]} >= {"prompt:1", "prompt:2"}
    assert "02" in coord("why", "3", at=project).out


def test_why_of_a_number_that_is_not_there_names_the_nearest(project: Path) -> None:
    result = coord("why", "9", at=project)
    assert result.code == 1
    assert "nearest is 3" in result.err


def test_validate_names_file_line_code_and_remedy_and_fails(project: Path) -> None:
    path = put(project, 4, [])
    path.write_text(path.read_text().replace("priority: medium", "priority: urgent"))
    result = coord("validate", "--json", at=project)
    assert result.code == 1
    (problem,) = result.json["problems"]
    assert problem["path"].endswith("04-planned-x.prompt.md")
    assert problem["line"] == 7
    assert problem["remedy"]
    assert coord("status", "--json", at=project).json["counts"]["total"] == 3


def test_a_hostile_title_is_printed_as_text(project: Path) -> None:
    put(project, 4, [], title=HOSTILE)
    for verb in (("status",), ("graph",), ("graph", "--mermaid"), ("graph", "--dot"), ("why", "4")):
        out = coord(*verb, at=project).out
        assert "\x1b" not in out.replace("\x1b[", "")
        assert "\u202e" not in out
        assert "touch x" in out
    assert not (project / "x").exists()


def test_log_prints_what_happened_and_filters_it(project: Path) -> None:
    with EventLog.open(Layout(project).events_db) as log:
        log.append([Draft("run.started", "milestone"), Draft("step.running", "prompt:2", {"attempt": 1})], SYSTEM)
    coord("decide", "use the monotonic clock", at=project)
    lines = [json.loads(line) for line in coord("log", "--json", at=project).out.splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3]
    assert coord("log", "--kind", "step", at=project).out.count("\n") == 1
    assert "monotonic" in coord("log", "--grep", "monotonic", at=project).out
    assert coord("log", "--prompt", "2", at=project).out.count("\n") == 1
    assert coord("log", "--until", "2", at=project).out.count("\n") == 2
    assert coord("log", "--since", "2", at=project).out.count("\n") == 1


def test_log_verify_and_export(project: Path) -> None:
    coord("decide", "a", at=project)
    assert coord("log", "verify", "--json", at=project).json["ok"] is True
    (line,) = coord("log", "export", at=project).out.splitlines()
    assert json.loads(line)["kind"] == "decision.recorded"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("statsu",), 2, "did you mean `coord status`"),
        (("why",), 2, "coord why --help"),
        (("why", "x"), 2, "not a valid integer"),
        (("interject", "--title", "x", "--after", "y", "--dry-run"), 2, "no prompt number"),
        (("interject", "--title", "x"), 2, "--yes"),
        (("attach", "9"), 1, "has no window"),
        (("answer", "9", "x"), 1, "no question"),
        (("agent", "done", "--summary", "x"), 3, ""),
    ],
)
def test_errors_say_what_and_how_to_go_on(project: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    result = coord(*arguments, at=project)
    assert result.code == code, result
    assert words in result.err
    assert len(result.err.strip().splitlines()) == 2
    assert result.out == ""


def test_status_says_how_to_start_a_loop_that_does_not_run(project: Path) -> None:
    assert "coord loop" in coord("status", at=project).out


def test_status_counts_one_problem_as_one(project: Path) -> None:
    put(project, 4, [9])
    assert "1 problem: coord validate" in coord("status", at=project).out
    put(project, 5, [9])
    assert "2 problems: coord validate" in coord("status", at=project).out


def use_scripts(root: Path) -> None:
    """Have the project's agents be scripts, which need nothing to be installed."""
    with (root / ".coord/coord.yaml").open("a") as file:
        file.write("runtime: scripted\n")


def test_init_and_doctor_say_what_a_project_without_a_repository_lacks(tmp_path: Path) -> None:
    assert "`git init` gives them worktrees" in coord("init", at=tmp_path).out
    use_scripts(tmp_path)
    checked = coord("doctor", "--json", at=tmp_path)
    assert checked.json["problems"] == []
    assert any("no git repository" in note for note in checked.json["notes"])


def test_doctor_is_not_green_where_git_lets_nobody_commit(
    make: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make({1: []})
    assert coord("doctor", at=made.layout.root).code == 0
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    (made.layout.root / ".git/config").write_text("[core]\nrepositoryformatversion = 0\n[user]\nuseConfigOnly = true\n")
    checked = coord("doctor", at=made.layout.root)
    assert checked.code == 1
    assert "git config --global user.name" in checked.out


def test_doctor_says_that_a_repository_has_nothing_to_start_from(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    assert "no commit yet" in coord("init", at=tmp_path).out
    use_scripts(tmp_path)
    assert "no-base" in [problem["code"] for problem in coord("doctor", "--json", at=tmp_path).json["problems"]]
    for key, value in (("user.name", "a"), ("user.email", "a@b")):
        git(tmp_path, "config", key, value)
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    assert coord("doctor", "--json", at=tmp_path).json["problems"] == []


def test_outside_of_a_project_the_remedy_is_init(tmp_path: Path) -> None:
    result = coord("status", at=tmp_path)
    assert result.code == 1
    assert "coord init" in result.err


def test_an_unknown_setting_is_named_with_the_nearest(project: Path) -> None:
    (project / ".coord/coord.yaml").write_text("max_paralel: 3\n")
    result = coord("status", at=project)
    assert result.code == 2
    assert "max_parallel" in result.err


def test_every_verb_has_help(project: Path) -> None:
    from coordinator.cli.verbs import verbs

    lines = coord("--help", at=project).out.splitlines()
    listed = {line.split()[0] for line in lines if line.startswith("  ") and line.strip()}
    for verb in verbs():
        assert verb in listed, f"no group of the help has {verb}"
        help_text = coord(verb, "--help", at=project)
        assert help_text.code == 0, verb
        assert "Usage:" in help_text.out


def test_status_tells_what_is_left_and_about_how_long_it_takes(project: Path) -> None:
    found = coord("status", "--json", at=project).json["forecast"]
    assert set(found) == {"critical_path", "left", "stuck", "remaining_s", "samples"}
    assert found["left"] == len(coord("status", "--json", at=project).json["prompts"])
    assert found["remaining_s"] is None
