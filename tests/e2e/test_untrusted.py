"""Whatever stands in prompt files, their names, and what agents print: it is text, and it hides nothing else."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command import coord
from support.project import WRITE, Project, prompt_text
from support.terminal import Terminal

Make = Callable[..., Project]

TITLES = {
    "tmux format": "#(touch {x})",
    "tmux command": "; kill-server",
    "shell": "$(touch {x}) `touch {x}` \"; touch {x}; '",
    "markup": "[@click=app.quit]x[/]",
    "escape": "\\x1b]0;owned\\x07\\x1b[31mred",
    "bidi": "a\\u202egnp.exe",
    "git option": "--upload-pack=touch",
    "trailer": "x\\n\\nCoord-Prompt: 99",
}


def quoted(title: str, x: Path) -> str:
    """The title as YAML; `\\x1b` and the like are YAML's own escapes."""
    return '"' + title.format(x=x).replace('"', '\\"') + '"'


@pytest.mark.slow
def test_hostile_titles_are_run_merged_and_shown_as_text(make: Make, terminal: Terminal, tmp_path: Path) -> None:
    executed = tmp_path / "executed"
    project: Project = make({})
    for number, title in enumerate(TITLES.values(), 1):
        path = project.add(number, script="printf '\\033]0;owned\\007\\033[2J%s\\n' \"agent $COORD_PROMPT\"\n" + WRITE)
        path.write_text(path.read_text().replace(f"title: Prompt {number}", f"title: {quoted(title, executed)}"))
    assert coord("validate", at=project.layout.root).code == 0
    terminal.open(project)
    screen = terminal.wait_for("#(touch", "; kill-server", "[@click=app.quit]x[/]", "--upload-pack")
    assert "\u202e" not in screen
    assert project.run_loop("--max-parallel", "3") == 0, project.said()
    terminal.wait_for(f"{len(TITLES)}/{len(TITLES)} merged")
    assert not executed.exists()
    assert set(project.states().values()) == {"merged"}
    assert "owned" not in terminal.tmux("display-message", "-p", "#{pane_title}")
    log = project.repository.git("log", "--format=%(trailers:key=Coord-Prompt,valueonly,separator=%x2c)", "--merges")
    assert sorted(log.split()) == sorted(str(n) for n in range(1, len(TITLES) + 1))


GOOD = prompt_text(1)
BAD: dict[str, tuple[str, str | bytes, str]] = {
    "empty file": ("02-planned-a.prompt.md", "", "empty"),
    "no frontmatter": ("02-planned-a.prompt.md", "# Just text\n", "no-frontmatter"),
    "broken YAML": ("02-planned-a.prompt.md", "---\nnumber: 2\ntitle: [a\n---\n", "bad-yaml"),
    "5,000 brackets": ("02-planned-a.prompt.md", "---\nnumber: 2\ntitle: " + "[" * 5000 + "\n---\n", ""),
    "huge integer": ("02-planned-a.prompt.md", prompt_text(2).replace("attempts: 0", "attempts: " + "9" * 5000), ""),
    "self-dependency": ("02-planned-a.prompt.md", prompt_text(2, 2), "self-dependency"),
    "dangling": ("02-planned-a.prompt.md", prompt_text(2, 77), "dangling"),
    "unknown status": ("02-planned-a.prompt.md", prompt_text(2, status="sometime"), ""),
    "not UTF-8": ("02-planned-a.prompt.md", b"---\nnumber: 2\ntitle: \xff\xfe\n---\n", "not-utf8"),
    "non-UTF-8 name": ("02-\udcff.prompt.md", prompt_text(2), "bad-name"),
    "alias": ("02-planned-a.prompt.md", "---\nnumber: 2\ntitle: &a x\nhypothesis: *a\n---\n", ""),
    "duplicate key": ("02-planned-a.prompt.md", "---\nnumber: 2\ntitle: a\ntitle: b\n---\n", ""),
}


@pytest.fixture
def project(make: Make) -> Project:
    made: Project = make({1: ()})
    return made


def problems(project: Project) -> list[dict[str, object]]:
    found: list[dict[str, object]] = coord("validate", "--json", at=project.layout.root).json["problems"]
    return found


@pytest.mark.parametrize(("name", "content", "code"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_clear_problem_and_the_rest_goes_on(
    project: Project, name: str, content: str | bytes, code: str
) -> None:
    data = content.encode() if isinstance(content, str) else content
    (project.layout.prompts / name).write_bytes(data)
    (problem,) = problems(project)
    assert problem["message"]
    assert problem["remedy"]
    assert str(problem["path"]).isprintable()
    if code:
        assert problem["code"] == code
    status = coord("status", "--json", at=project.layout.root).json
    assert next(p for p in status["prompts"] if p["number"] == 1)["ready"]
    assert project.run_loop() == 1, project.said()  # stuck, never finished
    assert project.states()[1] == "merged"
    assert coord("status", "--json", at=project.layout.root).json["loop"]["state"] != "finished"


def test_a_cycle_and_a_duplicate_number_are_one_problem_each(project: Project) -> None:
    for number, dependency in ((2, 3), (3, 2)):
        (project.layout.prompts / f"{number:02d}-planned-a.prompt.md").write_text(prompt_text(number, dependency))
    (cycle,) = problems(project)
    assert cycle["code"] == "cycle"
    for number in (2, 3):
        (project.layout.prompts / f"{number:02d}-planned-a.prompt.md").unlink()
    for name in ("a", "b"):
        (project.layout.prompts / f"04-planned-{name}.prompt.md").write_text(prompt_text(4))
    (duplicate,) = problems(project)
    assert duplicate["code"] == "duplicate-number"
    assert "04-planned-a" in str(duplicate["message"])
    assert "04-planned-b" in str(duplicate["message"])


def test_symlinks_and_huge_files_are_problems_and_never_read(project: Project, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(prompt_text(2, title="stolen"))
    (project.layout.prompts / "02-planned-a.prompt.md").symlink_to(secret)
    huge = project.layout.prompts / "03-planned-b.prompt.md"
    with huge.open("wb") as stream:
        stream.write(prompt_text(3).encode())
        stream.truncate(100 * 1024 * 1024)
    assert {p["code"] for p in problems(project)} == {"symlink", "too-large"}
    assert "stolen" not in coord("status", at=project.layout.root).out


def test_windows_line_ends_and_a_byte_order_mark_are_fine(project: Project) -> None:
    text = "\ufeff" + prompt_text(2, 1).replace("\n", "\r\n")
    path = project.layout.prompts / "02-planned-a.prompt.md"
    path.write_bytes(text.encode())
    assert problems(project) == []
    assert coord("edit", "2", "--set", "priority=high", "--yes", at=project.layout.root).code == 0
    assert path.read_bytes() == text.replace("priority: medium", "priority: high").encode()


def test_a_bad_file_is_shown_on_screen_with_its_line(project: Project, terminal: Terminal) -> None:
    (project.layout.prompts / "02-planned-a.prompt.md").write_text("---\nnumber: 2\ntitle: [a\n---\n")
    terminal.open(project)
    terminal.wait_for("Prompt 1", "1 problem")
    terminal.press("!")
    terminal.wait_for("02-planned-a.prompt.md")


def test_a_project_in_a_hostile_folder_works(tmp_path: Path) -> None:
    folder = tmp_path / "a b #(touch x) $(touch x) ;'\u3042"
    folder.mkdir()
    for words in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"})
    assert coord("init", at=folder).code == 0
    assert coord("interject", "--title", "x", "--yes", at=folder).code == 0
    assert coord("status", "--json", at=folder).json["counts"]["total"] == 1
    assert not (folder / "x").exists()
