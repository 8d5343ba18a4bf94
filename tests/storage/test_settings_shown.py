"""Settings as people read and change them: each with its origin, and one written without touching another byte."""

from pathlib import Path

import pytest

from coordinator.client.settings import plan_setting, settings
from coordinator.errors import CoordError, Refused, UsageError
from coordinator.observe.project import Project
from coordinator.storage.config import Config, load_config
from coordinator.storage.config_sample import sample
from coordinator.storage.paths import Layout
from coordinator.storage.setting_values import READERS


@pytest.fixture
def project(tmp_path: Path) -> Project:
    layout = Layout(tmp_path)
    layout.coord.mkdir()
    layout.config.write_text(sample())
    return Project(layout)


def write(project: Project, name: str, typed: str) -> str:
    """Plan it, and put the file in its place."""
    (edit,) = plan_setting(project, name, typed).edits
    project.layout.config.write_bytes(edit.content)
    return edit.diff


def lines(diff: str) -> list[str]:
    return [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_every_setting_is_listed_with_what_it_is_for_and_what_it_takes(project: Project) -> None:
    found = settings(project)
    assert sorted(one.name for one in found) == sorted(READERS)
    assert all(one.takes and one.origin == "default" and not one.line for one in found)
    silent = {one.name for one in found if not one.about}
    assert silent <= {"tmux_session", "tmux_socket", "run_budget_cost", "run_budget_time"}, "known by their names"
    by_name = {one.name: one for one in found}
    assert by_name["gate"].choices == ("review", "auto", "forge")
    assert by_name["go_on"].choices == ("true", "false")
    assert by_name["max_parallel"].default == by_name["max_parallel"].value == "3"
    assert {one.name for one in found if not one.in_place} >= {"keys", "write_back", "agent_arguments"}


def test_defaults_that_are_shown_are_those_that_hold(project: Project) -> None:
    by_name = {one.name: one for one in settings(project)}
    assert by_name["project"].default == project.layout.root.name
    assert "1234abcd" not in by_name["tmux_socket"].default == by_name["tmux_socket"].value
    assert by_name["keys"].value == by_name["base_branch"].default == "none"
    plain = Config(project=project.layout.root.name)
    for one in settings(project):
        if one.default in ("true", "false") or one.default.replace(".", "").isdigit():
            assert one.value == one.default, one.name
    assert plain == load_config(Layout(project.layout.root)).__class__(project=plain.project)


@pytest.mark.parametrize(
    ("name", "typed", "changed"),
    [
        ("max_parallel", "5", "max_parallel: 5              # agents at work at the same time"),
        ("go_on", "false", "go_on: false"),
        ("timeout", "900.5", "timeout: 900.5"),
        ("specialists", "[security, tests]", "specialists: [security, tests]"),
        ("prompts_pattern", "[0-9]*.md", ""),
        ("prompts_pattern", "'[0-9]*.md'", "prompts_pattern: '[0-9]*.md'"),
        ("theme", "nord", "theme: nord"),
        ("base_branch", "release/2", "base_branch: release/2"),
    ],
)
def test_one_line_of_the_sample_comes_out_of_its_comment(project: Project, name: str, typed: str, changed: str) -> None:
    if not changed:
        with pytest.raises(UsageError):
            plan_setting(project, name, typed)
        return
    removed, added = lines(write(project, name, typed))
    assert removed.startswith(f"-# {name}:")
    assert added.startswith(f"+{changed}")
    if " # " in removed:
        assert added[added.index(" # ") :] == removed[removed.index(" # ") :]
    there = next(one for one in settings(project) if one.name == name)
    assert (there.origin, there.line > 0) == ("project", True)


def test_a_value_changes_in_place_and_its_default_is_a_comment_again(project: Project) -> None:
    project.layout.config.write_text(
        "# mine\r\ngate:   auto   # until May\r\nadopt:\r\n  - a:b\r\nwarm: 2\r\n", newline=""
    )
    assert lines(write(project, "gate", "forge")) == ["-gate:   auto   # until May", "+gate:   forge   # until May"]
    assert b"# mine\r\ngate:   forge   # until May\r\n" in project.layout.config.read_bytes()
    assert lines(write(project, "gate", "")) == ["-gate:   forge   # until May", "+# gate:   review   # until May"]
    assert lines(write(project, "adopt", "")) == ["-adopt:", "-  - a:b", "+# adopt:", "+#   - a:b"]
    write(project, "max_attempts", "2")
    assert project.layout.config.read_bytes().endswith(b"warm: 2\r\nmax_attempts: 2\r\n")


def test_without_a_file_one_is_made(project: Project) -> None:
    project.layout.config.unlink()
    (edit,) = plan_setting(project, "gate", "auto").edits
    assert (edit.change, edit.content) == ("create", b"gate: auto\n")


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("max_parallel", "0", "max_parallel: `0` is not a whole number from 1 to 256"),
        ("gate", "open", "gate: `open` is not one of review, auto, forge"),
        ("tests", "[a, b", ""),
        ("copy", "[../x]", "copy: `[../x]` is not a list of files below the root"),
        ("remote", "a\u202eb", "remote"),
        ("max_paralel", "3", "there is no setting `max_paralel`"),
    ],
)
def test_what_validation_would_refuse_is_refused(project: Project, name: str, typed: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        plan_setting(project, name, typed)
    assert refused.value.message.startswith(said)
    assert refused.value.remedy


def test_what_would_change_nothing_and_mappings_are_refused(project: Project) -> None:
    write(project, "gate", "auto")
    for name, typed in (("gate", "auto"), ("warm", ""), ("keys", "x")):
        with pytest.raises(Refused):
            plan_setting(project, name, typed)


def test_settings_that_can_not_be_read_are_told(project: Project) -> None:
    project.layout.config.write_text("gaet: auto\n")
    with pytest.raises(CoordError, match="no setting"):
        settings(project)


def test_the_theme_is_shown_as_it_is(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from coordinator.client.choices import keep_theme

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def theme() -> tuple[str, str]:
        return next((one.value, one.origin) for one in settings(project) if one.name == "theme")

    assert theme() == ("as the terminal is", "default")
    keep_theme("coord-light")
    assert theme() == ("coord-light", "you")
    write(project, "theme", "nord")
    assert theme() == ("nord", "project")
