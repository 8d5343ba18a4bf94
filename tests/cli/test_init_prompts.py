"""`coord init --prompts DIR`: coord beside a loop that has prompts already."""

from pathlib import Path

import pytest
from support.foreign import write_foreign
from support.project import Project, project
from support.repository import Repository

from coordinator.errors import UsageError
from coordinator.storage.config import load_config
from coordinator.storage.config_sample import sample
from coordinator.storage.paths import Layout
from coordinator.storage.settings_text import with_prompts


@pytest.fixture
def bare(tmp_path: Path):
    """A project that was never set up."""
    with project(tmp_path, {}) as made:
        for name in ("coord.yaml", "milestone.md", "events.db"):
            (made.layout.coord / name).unlink()
        yield made


def test_one_command_finds_the_prompts_that_are_there(bare: Project) -> None:
    write_foreign(bare.layout.root / ".planning" / "main" / "prompts")
    said = bare.coord("init", "--prompts", ".planning/{branch}/prompts").stdout
    assert "Found 7 prompts and 3 problems. Next: `coord validate`, then `coord`." in said
    text = bare.layout.config.read_text()
    assert '\nprompt_folders: [".planning/{branch}/prompts"]\n' in text
    assert load_config(bare.layout).prompt_folders == (".planning/main/prompts",)
    assert bare.coord("init", "--prompts", ".planning/{branch}/prompts/").stdout.startswith("everything is in place")
    assert bare.layout.config.read_text() == text


def test_a_folder_is_added_to_settings_that_are_there(bare: Project) -> None:
    (bare.layout.root / "plans").mkdir()
    bare.coord("init")
    bare.coord("init", "--prompts", str(bare.layout.root / "plans"))
    assert load_config(bare.layout).prompt_folders == ("plans",)
    (bare.layout.root / "more").mkdir()
    refused = bare.coord("init", "--prompts", "more", check=False)
    assert refused.returncode == 2
    assert "the settings name prompt folders already" in refused.stderr


@pytest.mark.parametrize(
    ("folder", "said"),
    [("no/where", "there is no folder no/where"), ("../x", "there is no folder ../x"), ("{branch}", "no folder main")],
)
def test_a_folder_that_is_not_there_is_refused_and_nothing_is_made(bare: Project, folder: str, said: str) -> None:
    done = bare.coord("init", "--prompts", folder, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert not bare.layout.config.exists()


def test_a_folder_outside_of_the_project_is_refused(bare: Project, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    done = bare.coord("init", "--prompts", str(tmp_path / "x"), check=False)
    assert done.returncode == 2
    assert "give a list of folders below the project's root" in done.stderr
    assert not bare.layout.config.exists()


def test_the_setting_is_written_where_the_sample_has_it_and_else_at_the_end() -> None:
    assert "# prompt_folders" not in with_prompts(sample(), "a b/c")
    assert with_prompts("runtime: scripted", "a") == 'runtime: scripted\nprompt_folders: ["a"]\n'
    with pytest.raises(UsageError):
        with_prompts("prompt_folders: [b]\n", "a")


@pytest.mark.parametrize(
    ("branch", "there", "found"),
    [
        ("main", ("p/main",), "p/main"),
        ("feature/x", ("p/feature-x",), "p/feature-x"),
        ("feature/x", ("p/feature-x", "p/feature/x"), "p/feature/x"),
        ("feature/x", (), "p/feature/x"),
    ],
)
def test_the_folder_of_the_branch_is_found(tmp_path: Path, branch: str, there: tuple[str, ...], found: str) -> None:
    repository = Repository(tmp_path / "r")
    repository.git("checkout", "-q", "-B", branch)
    layout = Layout(repository.layout.root)
    layout.coord.mkdir(exist_ok=True)
    layout.config.write_text('prompt_folders: ["p/{branch}"]\n')
    for folder in there:
        (layout.root / folder).mkdir(parents=True)
    assert load_config(layout).prompt_folders == (found,)


@pytest.mark.parametrize("branch", ["/etc", "a/../../b", "..", ".", "a//b"])
def test_a_branch_that_git_would_not_make_leads_nowhere(tmp_path: Path, branch: str) -> None:
    layout = Layout(Repository(tmp_path / "r").layout.root)
    layout.coord.mkdir(exist_ok=True)
    layout.config.write_text('prompt_folders: ["{branch}/prompts"]\n')
    (layout.root / ".git" / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
    assert load_config(layout).prompt_folders == ("{branch}/prompts",)


def test_without_a_branch_it_is_a_problem_with_a_remedy(bare: Project) -> None:
    bare.layout.config.write_text('prompt_folders: ["p/{branch}"]\n')
    bare.repository.git("checkout", "-q", "--detach")
    (problem,) = bare.snapshot().problems
    assert (problem.code, problem.message) == ("no-branch", "no branch is checked out")
    refused = bare.coord("interject", "--title", "a thing", "--yes", check=False)
    assert (refused.returncode, "no branch is checked out" in refused.stderr) == (3, True)
    assert not (bare.layout.root / "p").exists()


def test_a_new_prompt_is_called_as_the_others_however_their_folder_is_written(bare: Project) -> None:
    (bare.layout.root / "p").mkdir()
    (bare.layout.root / "p" / "001-first.md").write_text("---\ntitle: First\n---\n")
    bare.layout.config.write_text('prompt_folders: ["./p//"]\n')
    bare.coord("interject", "--title", "a thing", "--yes")
    assert sorted(path.name for path in (bare.layout.root / "p").iterdir()) == ["001-first.md", "002-a-thing.md"]


@pytest.mark.parametrize("name", ["07-x.md", "7.md", "07-x-DONE.md"])
def test_a_numbered_file_without_the_ending_of_prompts_is_a_problem(bare: Project, name: str) -> None:
    bare.layout.config.write_text("runtime: scripted\n")
    for other in ("notes.md", "00-index.md", "07-x.txt"):
        (bare.layout.prompts / other).write_text("x")
    (bare.layout.prompts / name).write_text("---\ntitle: x\n---\n")
    done = bare.coord("validate", check=False)
    assert done.returncode == 1
    assert f".coord/prompts/{name}  not-a-prompt-name  not read: the name of a prompt ends in .prompt.md" in done.stdout
    assert f"rename it to {name.split('.')[0].removesuffix('-DONE')}" in done.stdout
    assert done.stdout.count("not-a-prompt-name") == 1
    (bare.layout.prompts / name).rename(bare.layout.prompts / "07-x.prompt.md")
    assert bare.coord("validate").returncode == 0
