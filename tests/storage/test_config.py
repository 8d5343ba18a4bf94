"""Settings are checked: what is unknown or can't be meant is an error that says where and what instead."""

from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from coordinator.errors import CoordError, UsageError
from coordinator.storage.config import Config, load_config
from coordinator.storage.config_sample import sample
from coordinator.storage.paths import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "token bucket")
    made.coord.mkdir(parents=True)
    return made


def load(layout: Layout, text: str) -> Config:
    layout.config.write_text(text)
    return load_config(layout)


def test_defaults_hold_where_nothing_is_said(layout: Layout) -> None:
    config = load_config(layout)
    assert (config.project, config.runtime, config.gate, config.max_parallel) == ("token bucket", "claude", "review", 3)
    assert (config.max_attempts, config.retry_backoff, config.timeout) == (1, 10.0, None)
    assert config.tmux_socket.startswith("coord-")
    assert len(config.tmux_socket) == len("coord-") + 8


def test_every_project_has_a_tmux_server_of_its_own(tmp_path: Path) -> None:
    sockets = {load_config(Layout(tmp_path / name)).tmux_socket for name in ("a", "b", "c")}
    assert len(sockets) == 3


def test_every_setting_is_read(layout: Layout) -> None:
    config = load(
        layout,
        """\
project: My project   # on screen
runtime: command
command: [my-agent, "--flag", run]
gate: auto
max_parallel: 12
max_attempts: 3
retry_backoff: 2.5
timeout: 900
require_criteria: true
base_branch: release/2.0
prompt_folders: [loop/prompts, more]
tmux_socket: mine
tmux_session: work
theme: textual-dark
keys:
  interject: n
  "palette": ctrl+k
""",
    )
    assert config == Config(
        project="My project",
        runtime="command",
        command=("my-agent", "--flag", "run"),
        gate="auto",
        max_parallel=12,
        max_attempts=3,
        retry_backoff=2.5,
        timeout=900.0,
        require_criteria=True,
        base_branch="release/2.0",
        prompt_folders=("loop/prompts", "more"),
        tmux_socket="mine",
        tmux_session="work",
        theme="textual-dark",
        keys={"interject": "n", "palette": "ctrl+k"},
    )
    settings = config.settings
    assert (settings.gate, settings.max_attempts, settings.retry_backoff, settings.timeout) == ("auto", 3, 2.5, 900.0)
    assert (settings.runtime, settings.require_criteria) == ("command", True)


def test_the_sample_changes_nothing_and_shows_every_setting_as_it_is(layout: Layout) -> None:
    plain = load_config(layout)
    assert load(layout, sample()) == plain
    shown = "\n".join(
        line.removeprefix("# ") for line in sample().splitlines() if line.startswith("# ") and ":" in line
    )
    documented = yaml.safe_load(shown)
    assert documented.keys() == set(Config.__slots__) - {"branch_folder", "space"}, "those follow from others"
    for name in (
        "runtime",
        "gate",
        "max_parallel",
        "max_attempts",
        "retry_backoff",
        "require_criteria",
        "tmux_session",
    ):
        assert documented[name] == getattr(plain, name)


@pytest.mark.parametrize(
    ("written", "nearest"),
    [("max_paralel: 2", "max_parallel"), ("Gate: auto", "gate"), ("prompts_folder: [a]", "prompt_folders")],
)
def test_an_unknown_setting_names_its_nearest_match_and_line(layout: Layout, written: str, nearest: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(layout, f"# mine\n{written}\n")
    assert ".coord/coord.yaml:2: " in caught.value.message
    assert f"did you mean `{nearest}`?" == caught.value.remedy


def test_a_setting_that_is_like_no_other_gets_the_list(layout: Layout) -> None:
    with pytest.raises(UsageError) as caught:
        load(layout, "zzz: 1\n")
    assert "max_parallel" in caught.value.remedy


@pytest.mark.parametrize(
    "written",
    [
        *("gate: maybe", "max_parallel: 0", "max_parallel: many", "max_parallel: 9999", "max_parallel: [1]"),
        *("tests: [../tests/]", "tests: ['@tests']", "tests: ['!']", "tests: [a\\b]"),
        *("timeout: -1", "timeout: soon", "retry_backoff: 1" + "0" * 5000, "require_criteria: perhaps"),
        *("project: ''", "project: [a]", "base_branch: --force", "base_branch: a b", "keys: [a]"),
        *("prompt_folders: [/etc]", "prompt_folders: [../x]", "tmux_socket: '../x'", "tmux_socket: '#(touch x)'"),
        *("command: {a: b}", "keys: {a: {b: c}}", "runtime: '-x'", 'project: "a\\x1b[31m"'),
        *("gate: review\ngate: auto", "a: b: c", "- a", "gate: &x auto", "gate: !!str auto"),
    ],
)
def test_a_value_that_can_not_be_meant_is_an_error_with_its_place(layout: Layout, written: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(layout, f"{written}\n")
    assert ".coord/coord.yaml:" in caught.value.message
    assert caught.value.remedy
    assert (caught.value.message + caught.value.remedy).isprintable()
    assert len(caught.value.message) < 300


def test_what_is_no_readable_file_is_an_error(layout: Layout) -> None:
    layout.config.write_bytes(b"project: \xff\n")
    with pytest.raises(UsageError):
        load_config(layout)
    layout.config.unlink()
    layout.config.mkdir()
    with pytest.raises(CoordError):
        load_config(layout)


@given(text=st.text(max_size=60))
def test_no_text_makes_the_reader_fail_otherwise(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    layout = Layout(tmp_path_factory.getbasetemp() / "any-config")
    layout.coord.mkdir(parents=True, exist_ok=True)
    layout.config.write_bytes(text.encode("utf-8", "replace"))
    with suppress(UsageError):
        load_config(layout)
