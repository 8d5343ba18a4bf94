"""The setting `commands`: what stands there is read, and what can't be meant is named."""

from pathlib import Path

import pytest
from support.command import coord

from coordinator.errors import UsageError
from coordinator.model.own_command import OwnCommand
from coordinator.storage.config import load_config
from coordinator.storage.paths import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.prompts.mkdir(parents=True)
    return made


def load(layout: Layout, text: str) -> tuple[OwnCommand, ...]:
    layout.config.write_text(text)
    return load_config(layout).commands


@pytest.mark.parametrize(
    "text",
    [
        "commands:\n  - name: tests\n    run: cd {worktree} && make\n    on: prompt\n    key: ctrl+t\n"
        "    confirm: true\n"
        "  - {name: log, run: 'git log'}\n",
        "commands:\n- name: tests\n  run: cd {worktree} && make\n  on: prompt\n  key: ctrl+t\n  confirm: yes\n"
        "- name: log\n  run: |\n    git log\nbell: none\n",
    ],
    ids=["indented", "not indented"],
)
def test_commands_are_read(layout: Layout, text: str) -> None:
    tests = OwnCommand("tests", "cd {worktree} && make", "prompt", "ctrl+t", True)
    assert load(layout, text) == (tests, OwnCommand("log", "git log"))
    assert load(layout, "commands:\n") == load(layout, "commands: []\n") == ()


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("[a]", "not a list of mappings"),
        ("{name: a, run: b}", "not a list of mappings"),
        ("[{name: a, run: [b]}]", "not a list of mappings"),
        ("[{name: a, run: b}, c]", "not a list of mappings"),
        ("[{name: a, run: b, runs: c}]", "a has runs"),
        ("[{name: a, run: b, name: c}]", "twice"),
        ("[{run: b}]", "number 1 has no name"),
        ("[{name: a}]", "a runs nothing"),
        ("[{name: a, run: b, on: flow}]", "a is on flow"),
        ("[{name: a, run: b, key: 'a,b'}]", "a has the key a,b"),
        ("[{name: a, run: b, confirm: maybe}]", "a has confirm: maybe"),
        ("[{name: a, run: 'echo {nmber}'}]", "no placeholder {nmber}"),
        ("[{name: a, run: 'echo \"{title}\"'}]", "{title} stands in quotes"),
        ("[{name: a, run: b}, {name: A, run: c}]", "two called A"),
        ("[{name: a, run: b, key: x}, {name: c, run: d, key: x}]", "have the key x"),
    ],
)
def test_what_can_not_be_meant_is_named_with_its_place(layout: Layout, entries: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(layout, f"bell: none\ncommands: {entries}\n")
    assert caught.value.message.startswith(".coord/coord.yaml:2: commands: ")
    assert said in caught.value.message
    assert caught.value.remedy
    assert (caught.value.message + caught.value.remedy).isprintable()


def test_validate_says_what_has_a_key_that_is_taken(layout: Layout) -> None:
    layout.config.write_text(
        "keys: {zoom: f5}\ncommands: [{name: a, run: b, key: i}, {name: c, run: d, key: f5},"
        " {name: e, run: f, key: f6}, {name: g, run: h, key: V}, {name: j, run: k, key: '?'},"
        " {name: l, run: m, key: '7'}]\n"
    )
    found = coord("validate", "--json", at=layout.root)
    said = [one["message"] for one in found.json["problems"] if one["path"] == ".coord/coord.yaml"]
    assert found.code == 0, "they are warnings"
    assert said[0] == "commands: a: the key i is that of interject"
    assert said[1] == "commands: c: the key f5 is that of zoom"
    assert [line.split(":")[1].strip() for line in said] == ["a", "c", "g", "j", "l"]


def test_validate_names_an_unknown_placeholder(layout: Layout) -> None:
    layout.config.write_text("commands: [{name: a, run: 'make {nmber}'}]\n")
    found = coord("validate", at=layout.root)
    assert found.code != 0
    assert "{nmber}" in found.err
